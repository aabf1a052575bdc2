"""The examination after a run: faults that were planted are found, told and kept, and no quote is touched."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kasparro.ingest import examine
from kasparro.ingest.examined import Examined
from kasparro.ingest.progress import Quiet
from kasparro.ingest.report import RunReport
from kasparro.ingest.run import run_ingest
from kasparro.ingest.sieve import MOST
from kasparro.sources.contract import Source
from kasparro.store.anomalies import KeptAnomaly, list_anomalies
from kasparro.store.connection import Connection
from tests.ingest.looking import rows, value
from tests.ingest.scripted import Answer, Record, Scripted, body, record, unavailable

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WALK = [100 * 1.01 ** (at % 3) for at in range(30)]
"""A past in which the price moves by one or two percent an hour."""


def at(hour: float) -> datetime:
    return START + hour * HOUR


def seen(coin: str, price: object, hour: float, **more: Any) -> Record:
    return record(coin, str(price), at(hour).isoformat(), **more)


def hourly(coin: str, prices: Sequence[float], start: int = 0) -> list[bytes]:
    """A page an hour, each with one price of the coin."""
    return [body(seen(coin, price, start + n)) for n, price in enumerate(prices)]


async def ingest(url: str, *sources: Source) -> RunReport:
    report = await run_ingest(url, sources, progress=Quiet())
    assert report.settled.anomalies is not None
    return report


async def once(url: str, *answers: Answer, hour: float, name: str = "scripted") -> RunReport:
    """A run of one source that fetches these answers at that hour."""
    return await ingest(url, Scripted(*answers, name=name, arrived=lambda: at(hour)))


async def kept(connection: Connection) -> list[KeptAnomaly]:
    """All anomalies, in the order in which they were found."""
    return (await list_anomalies(connection, limit=1_000))[::-1]


async def test_a_jump_is_flagged_and_its_quote_is_there_all_the_same(url: str, connection: Connection) -> None:
    calm = await once(url, *hourly("c", WALK), hour=29.1)
    assert calm.settled.anomalies == Examined()
    report = await once(url, body(seen("c", "1000.00000000000000000001", 30), seen("d", 5, 30)), hour=30.1)
    assert report.status == "success"
    [odd] = await kept(connection)
    assert (odd.kind, odd.severity, odd.source, odd.crypto_id) == ("jump", "warning", "scripted", "c")
    assert odd.reason.startswith("the price went from 102 to 1000 (x 9.803) in 60 min")
    assert (odd.run_id, odd.lasting, odd.times, odd.ended_at) == (report.run_id, False, 1, None)
    assert odd.evidence["before"] == pytest.approx(102.01)
    found = await rows(connection, "SELECT price_usd::text FROM quotes WHERE quote_id = %s", odd.quote_id)
    assert found == [("1000.00000000000000000001",)]
    assert await value(connection, "SELECT count(*) FROM quotes") == 32
    examined = report.settled.anomalies
    assert examined is not None and examined.counts == {"critical": 0, "warning": 1, "info": 0}
    assert [(told.source, told.crypto_id, told.kind) for told in examined.worst] == [("scripted", "c", "jump")]


async def test_a_jump_is_told_once_though_its_record_comes_again(url: str, connection: Connection) -> None:
    await once(url, *hourly("c", WALK), hour=29.1)
    for hour in (30.1, 30.2):
        await once(url, body(seen("c", 1000, 30)), hour=hour)
    assert [odd.kind for odd in await kept(connection)] == ["jump"]


async def test_another_source_of_the_same_asset_decides_what_a_jump_is(url: str, connection: Connection) -> None:
    async def both(gecko: list[float], paprika: list[float], start: int) -> RunReport:
        def arrived() -> datetime:
            return at(start + len(gecko) - 0.9)

        # One asset, by a curated link.
        return await ingest(
            url,
            Scripted(*hourly("bitcoin", gecko, start), name="coingecko", arrived=arrived),
            Scripted(*hourly("btc-bitcoin", paprika, start), name="coinpaprika", arrived=arrived),
        )

    await both(WALK, WALK, 0)
    assert await value(connection, "SELECT count(DISTINCT asset_id) FROM listings") == 1
    await both([200.0], [200.0], 30)
    assert {(odd.source, odd.kind, odd.severity) for odd in await kept(connection)} == {
        ("coingecko", "jump", "info"), ("coinpaprika", "jump", "info"),
    }  # fmt: skip
    await both([2000.0], [202.0], 31)
    assert [(odd.source, odd.kind, odd.severity) for odd in (await kept(connection))[2:]] == [
        ("coingecko", "lone_price", "critical")
    ]


async def test_a_frozen_price_is_one_row_until_it_moves_again(url: str, connection: Connection) -> None:
    await once(url, *hourly("c", [*WALK, *[105.0] * 12]), hour=41.1)
    [odd] = await kept(connection)
    assert (odd.kind, odd.lasting, odd.times) == ("frozen_price", True, 1)
    again = await once(url, *hourly("c", [105.0], 42), hour=42.1)
    assert again.settled.anomalies is not None
    assert (again.settled.anomalies.counts["warning"], again.settled.anomalies.again) == (0, 1)
    [odd] = await kept(connection)
    assert (odd.times, odd.ended_at) == (2, None) and odd.last_found_at > odd.found_at
    assert "13 repetitions" not in odd.reason and "12 repetitions" in odd.reason, "what was found last is told"
    await once(url, *hourly("c", [106.0], 43), hour=43.1)
    [odd] = await kept(connection)
    assert odd.ended_at is not None and odd.times == 2


async def test_a_price_that_has_stood_for_longer_than_is_looked_back_is_still_frozen(
    url: str, connection: Connection
) -> None:
    await once(url, *hourly("c", [*WALK, *[105.0] * 12]), hour=41.1)
    await once(url, *hourly("c", [105.0] * (examine.DEPTH + 5), 42), hour=90)
    [odd] = await kept(connection)
    assert odd.kind == "frozen_price" and odd.ended_at is None


async def test_a_clock_that_stands_is_told_of_records_that_say_nothing_new(url: str, connection: Connection) -> None:
    await once(url, *hourly("c", WALK), *hourly("gone", WALK), hour=29.1)
    last = seen("c", WALK[-1], 29)
    await once(url, body(last), hour=32)
    assert await kept(connection) == [], "three hours are nothing yet"
    for hour in (40, 41):
        await once(url, body(last), hour=hour)
    [odd] = await kept(connection)
    assert (odd.kind, odd.crypto_id, odd.times, odd.ended_at) == ("stale_clock", "c", 2, None)
    assert odd.reason == "its clock has stood for 12 h, where it advances every 60 min"
    await once(url, body(seen("d", 1, 42)), hour=42.1)
    assert (await kept(connection))[0].ended_at is None, "nobody looked at it"
    await once(url, body(seen("c", 101, 43)), hour=43.1)
    assert (await kept(connection))[0].ended_at is not None


async def test_a_step_with_a_tenth_of_the_records(url: str, connection: Connection) -> None:
    for hour in range(6):
        await once(url, *(_page(hour, range(half, half + 50)) for half in (0, 50)), hour=hour + 0.1)
    assert [odd for odd in await kept(connection) if odd.crypto_id is None] == []
    report = await once(url, _page(6, range(10)), body(), hour=6.1)
    assert report.status == "success"
    [odd] = [odd for odd in await kept(connection) if odd.crypto_id is None]
    assert (odd.kind, odd.severity, odd.quote_id, odd.run_id) == ("fewer_records", "critical", None, report.run_id)
    assert odd.evidence["value"] == 10 and odd.evidence["usual"] == 100 and odd.evidence["earlier"] == 6
    assert await value(connection, "SELECT count(*) FROM quotes") == 610


def _page(hour: float, coins: Sequence[int] | range, **more: Any) -> bytes:
    return body(*(seen(f"c{n}", 100 + n + hour / 100, hour, supply="1000", **more) for n in coins))


async def test_unknown_values_and_rejections_beyond_the_usual(url: str, connection: Connection) -> None:
    full = {"market_cap_usd": None, "total_supply": "1000", "volume_24h_usd": "5", "change_24h_percent": "0.1"}
    for hour in range(6):
        await once(url, _page(hour, range(100), **full), hour=hour + 0.1)
    bad = [seen(f"b{n}", "x", 6, bad="no number") for n in range(30)]
    await once(url, body(*(seen(f"c{n}", 100 + n, 6) for n in range(70)), *bad), hour=6.1)
    odd = {odd.kind: odd for odd in await kept(connection)}
    assert odd.keys() == {"more_rejected", "more_nulls"}
    assert odd["more_rejected"].evidence["value"] == pytest.approx(0.3)
    assert odd["more_nulls"].evidence["value"] == pytest.approx(7 / 8), "all but the price"
    assert odd["more_nulls"].evidence["usual"] == pytest.approx(3 / 8, abs=0.01)


async def test_a_step_that_goes_on_with_a_sweep_is_not_compared_with_whole_ones(
    url: str, connection: Connection
) -> None:
    pages = [range(50), range(50, 100)]
    for hour in range(6):
        await once(url, *(_page(hour, page) for page in pages), hour=hour + 0.1)
    failed = await once(url, _page(6, pages[0]), unavailable(), hour=6.1)
    assert failed.status == "failed"
    rest = await once(url, _page(7, pages[0]), _page(7, pages[1]), hour=7.1)
    assert rest.steps[0].counts.seen == 50, "it went on"
    assert [odd for odd in await kept(connection) if odd.crypto_id is None] == []


async def test_a_coin_list_that_comes_now_and_then_is_none_of_a_step_s_records(
    url: str, connection: Connection
) -> None:
    for hour in range(7):
        coins = [body(*({"coin": f"c{n}", "name": f"C{n}"} for n in range(500)))] if hour in (0, 6) else []
        pages = [_page(hour, range(5 if hour == 6 else 50))]
        streams: dict[str, list[Answer]] = {"pages": [*pages], "coins": [*coins]}
        report = await ingest(url, Scripted(streams=streams))
    assert report.steps[0].counts.seen == 505
    [odd] = [odd for odd in await kept(connection) if odd.crypto_id is None]
    assert odd.kind == "fewer_records" and odd.evidence["value"] == 5 and odd.evidence["earlier"] == 6


async def test_a_provider_gone_mad_does_not_fill_the_table(url: str, connection: Connection) -> None:
    many = range(MOST + 100)
    for hour in range(3):
        zero = body(*(seen(f"c{n}", -1 if n >= MOST else 0, hour) for n in many))
        report = await once(url, zero, hour=hour + 0.1)
        found = await kept(connection)
        assert len(found) == MOST + 1
        [rest] = [odd for odd in found if odd.crypto_id is None]
        assert rest.evidence == {"more": 100} and rest.times == hour + 1 and rest.kind == "not_positive"
        assert sum(odd.severity == "critical" for odd in found) == 100, "the worst are kept"
        assert report.settled.anomalies is not None
        assert report.settled.anomalies.by_kind == ({"not_positive": MOST + 100} if hour == 0 else {})
    await once(url, body(*(seen(f"c{n}", 1, 3) for n in many)), hour=3.1)
    assert [odd for odd in await kept(connection) if odd.ended_at is None] == []


async def test_where_nothing_is_known_of_before_no_past_is_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "read_history", None)
    report = await once(url, body(seen("c", 5, 0, market_cap_usd="9000", supply="1")), hour=0.1)
    assert report.settled.anomalies is not None
    assert report.settled.anomalies.by_kind == {"market_cap_mismatch": 1}
    with pytest.raises(AssertionError):
        await once(url, body(seen("c", 6, 1)), hour=1.1)


async def test_quotes_each_few_minutes_are_judged_by_one_an_hour(url: str, connection: Connection) -> None:
    step = timedelta(minutes=5) / HOUR
    prices = [*[WALK[n // 12 % 3] * (1 + n % 12 / 10_000) for n in range(250)], *[105.0] * 80]
    await once(url, *(body(seen("c", price, n * step)) for n, price in enumerate(prices)), hour=len(prices) * step)
    [odd] = await kept(connection)
    assert odd.kind == "frozen_price" and odd.reason.startswith("the price has been 105 for 6.1 h and 7 repetitions")


async def test_a_fault_in_the_examination_fails_no_run(
    url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(examine, "read_steps", broken)
    report = await run_ingest(url, [Scripted(body(record("a", "1")))], progress=Quiet())
    assert report.status == "success" and report.settled.anomalies is None
    assert await value(connection, "SELECT status FROM etl_runs") == "success"
