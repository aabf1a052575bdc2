"""Anomalies: kept, counted, listed; and what an examination reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from kasparro.ingest.identity import settle_identity
from kasparro.market.anomaly.anomaly import Anomaly, Kind, Severity
from kasparro.store import examining
from kasparro.store.anomalies import (
    Finding,
    KeptAnomaly,
    count_by_severity,
    count_open,
    keep_anomalies,
    last_examined,
    list_anomalies,
    open_anomalies,
)
from kasparro.store.connection import Connection
from kasparro.store.examining import (
    FIELDS,
    count_nulls,
    read_held,
    read_history,
    read_newest,
    read_others,
    read_stood,
)
from kasparro.store.latest import read_versions
from kasparro.store.runs import close_run, open_run
from tests.ingest.looking import Desk, rows, value
from tests.ingest.scripted import Scripted, body, record

NAN = float("nan")


def finding(kind: Kind, listing: int | None = None, severity: Severity = Severity.INFO, **more: Any) -> Finding:
    anomaly = Anomaly(kind, severity, "x", f"it is {more.pop('reason', 'odd')}", more or {"price": 1.5})
    return Finding("scripted", anomaly, listing, None if listing is None else 1 << 20)


async def a_run(connection: Connection) -> int:
    run_id, _ = await open_run(connection, kind="ingest", sources=["scripted"], host="here", pid=1)
    return run_id


async def kept(connection: Connection, **filters: Any) -> list[KeptAnomaly]:
    return await list_anomalies(connection, limit=100, **filters)


async def test_an_event_is_a_row_each_time_and_a_state_is_one_row(connection: Connection) -> None:
    found = [finding(Kind.JUMP, 1), finding(Kind.SUPPLY_ABOVE_MAX, 1), finding(Kind.SLOW)]
    first = await a_run(connection)
    await keep_anomalies(connection, first, found, ())
    await keep_anomalies(
        connection, await a_run(connection), [*found[:1], finding(Kind.SUPPLY_ABOVE_MAX, 1, reason="odder", n=3)], ()
    )
    state, *events = sorted(await kept(connection), key=lambda odd: odd.kind, reverse=True)
    assert [odd.kind for odd in events] == ["slow", "jump", "jump"]
    assert (state.kind, state.times, state.run_id, state.reason) == ("supply_above_max", 2, first, "it is odder")
    assert state.evidence == {"n": 3} and state.lasting and not events[0].lasting
    assert state.last_found_at > state.found_at


async def test_a_state_that_has_ended_begins_anew(connection: Connection) -> None:
    run = await a_run(connection)
    await keep_anomalies(connection, run, [finding(Kind.FROZEN_PRICE, 1), finding(Kind.FROZEN_PRICE, 2)], ())
    standing = {each.listing_id: each for each in await open_anomalies(connection, "scripted")}
    assert await open_anomalies(connection, "other") == []
    await keep_anomalies(connection, run, [], [standing[1].anomaly_id])
    assert [each.listing_id for each in await open_anomalies(connection, "scripted")] == [2]
    await keep_anomalies(connection, run, [finding(Kind.FROZEN_PRICE, 1)], ())
    found = await rows(connection, "SELECT times, ended_at IS NULL FROM anomalies WHERE listing_id = 1 ORDER BY 2")
    assert found == [(1, False), (1, True)]


async def test_what_changes_is_noticed_and_nothing_is_not(connection: Connection) -> None:
    run = await a_run(connection)
    before = (await read_versions(connection)).activity
    await keep_anomalies(connection, run, [], ())
    assert (await read_versions(connection)).activity == before
    await keep_anomalies(connection, run, [finding(Kind.SUPPLY_ABOVE_MAX, 1)], ())
    assert (await read_versions(connection)).activity == before + 1
    [standing] = await open_anomalies(connection, "scripted")
    await keep_anomalies(connection, run, [], [standing.anomaly_id])
    assert (await read_versions(connection)).activity == before + 2


async def test_all_of_it_is_kept_or_nothing(connection: Connection) -> None:
    with pytest.raises(Exception, match="etl_runs"):
        await keep_anomalies(connection, 99, [finding(Kind.JUMP, 1)], ())
    assert await kept(connection) == []


async def test_each_filter_lets_through_what_it_says(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1"), record("B", "1")))
    ids = dict(await rows(desk.connection, "SELECT source_coin_id, listing_id FROM listings"))
    first, second = await a_run(desk.connection), await a_run(desk.connection)
    await keep_anomalies(
        desk.connection, first, [finding(Kind.JUMP, ids["a"]), finding(Kind.SLOW, severity=Severity.CRITICAL)], ()
    )
    await keep_anomalies(desk.connection, second, [finding(Kind.FROZEN_PRICE, ids["B"], Severity.WARNING)], ())
    settle_identity(desk.connection.info.dsn)

    async def told(**filters: Any) -> list[str]:
        return [odd.kind for odd in await kept(desk.connection, **filters)]

    assert await told() == ["frozen_price", "slow", "jump"]
    assert await told(kind="jump") == ["jump"]
    assert await told(severity="critical") == ["slow"]
    assert await told(run_id=first) == ["slow", "jump"]
    assert await told(source="other") == []
    assert await told(crypto_id="b") == ["frozen_price"]
    assert await told(open_only=True) == ["frozen_price"]
    assert await told(worst_first=True) == ["slow", "frozen_price", "jump"]
    [jump] = await kept(desk.connection, kind="jump")
    assert (jump.crypto_id, jump.symbol, jump.crypto_name) == ("a", "A", "A") and jump.asset is not None
    assert await told(asset=jump.asset.upper()) == ["jump"]
    assert await told(before=jump.anomaly_id + 1) == ["jump"]


async def test_counts_take_in_what_a_row_stands_for(connection: Connection) -> None:
    run = await a_run(connection)
    assert await last_examined(connection) is None
    await close_run(connection, run, status="success")
    assert await last_examined(connection) == run
    found = [
        finding(Kind.NOT_POSITIVE, 1),
        finding(Kind.NOT_POSITIVE, more=300),
        finding(Kind.JUMP, 1, Severity.WARNING),
    ]
    await keep_anomalies(connection, run, found, ())
    assert await count_open(connection) == {("scripted", "not_positive"): 301}
    assert await count_by_severity(connection, run) == {"critical": 0, "warning": 1, "info": 301}
    assert list(await count_by_severity(connection, 99)) == ["critical", "warning", "info"]


# What is read


def seen(coin: str, price: str | None, hour: int, **more: Any) -> dict[str, Any]:
    return record(coin, price, f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00", **more)


async def post(desk: Desk, source: Scripted, *records: dict[str, Any]) -> int:
    """Post a page; its load."""
    await desk.post(source, body(*records), checkpoint={})
    return int(await value(desk.connection, "SELECT version FROM ledger"))


async def listing_ids(desk: Desk, source: str, *coins: str) -> list[int]:
    found = dict(
        await rows(desk.connection, "SELECT source_coin_id, listing_id FROM listings WHERE source = %s", source)
    )
    return [found[coin] for coin in coins]


@pytest.mark.parametrize(
    ("price", "read"),
    [("1e-400", NAN), ("1e-900", NAN), ("1e400", NAN), ("0", 0), ("-2.5", -2.5), (None, NAN), ("1e76", 1e76)],
)
async def test_what_no_float_can_hold_is_unknown(desk: Desk, source: Scripted, price: str | None, read: float) -> None:
    load = await post(desk, source, seen("a", price, 0, supply="1e-999", market_cap_usd=price))
    newest = await read_newest(desk.connection, "scripted", load, load)
    assert len(newest) == 1 and newest.quotes.tolist() == [load << 20]
    np.testing.assert_equal(newest.amounts["price"].tolist(), [read])
    np.testing.assert_equal(newest.amounts["market_cap"].tolist(), [read])
    assert np.isnan(newest.amounts["circulating_supply"]).all()
    assert newest.observed_at.tolist() == [1772323200.0]


async def test_the_newest_quotes_of_a_source_are_those_that_these_loads_brought(desk: Desk, source: Scripted) -> None:
    first = await post(desk, source, seen("a", "1", 5), seen("b", "1", 5))
    await post(desk, Scripted(name="other"), seen("a", "7", 5))
    last = await post(desk, source, seen("a", "2", 3), seen("b", "2", 6))
    a, b = await listing_ids(desk, "scripted", "a", "b")
    both = await read_newest(desk.connection, "scripted", first, last)
    assert sorted(zip(both.listings.tolist(), both.amounts["price"].tolist(), strict=True)) == [(a, 1.0), (b, 2.0)]
    late = await read_newest(desk.connection, "scripted", last, last)
    assert late.listings.tolist() == [b], "an older observation isn't the newest"
    assert len(await read_newest(desk.connection, "scripted", last + 1, last + 9)) == 0
    assert (await read_held(desk.connection)).quotes == {"other": 1, "scripted": 4}


async def past(desk: Desk, coins: Sequence[int], *, depth: int = 50, hourly: bool = False) -> list[list[Any]]:
    """Position, hour and price of each observation read."""
    row, time, price = await read_history(desk.connection, coins, depth=depth, hourly=hourly)
    return [row.tolist(), ((time - 1772323200) / 3600).tolist(), price.tolist()]


async def test_the_past_is_strictly_earlier_in_order_and_as_it_is_known_now(desk: Desk, source: Scripted) -> None:
    await post(desk, source, *(seen("a", str(hour), hour) for hour in (3, 1, 2, 5)), seen("b", "9", 4))
    await post(desk, source, seen("a", "20", 2), seen("b", "10", 8), seen("b", None, 6), seen("a", "55", 5))
    a, b = await listing_ids(desk, "scripted", "a", "b")
    found = await past(desk, [b, a])
    np.testing.assert_equal(found, [[0, 0, 1, 1, 1], [4, 6, 1, 2, 3], [9, NAN, 1, 20, 3]])
    assert await past(desk, [a], depth=2) == [[0, 0], [2, 3], [20, 3]]
    assert await past(desk, []) == [[], [], []]
    await desk.connection.execute("UPDATE quotes SET retracted = true WHERE price_usd = 3")
    assert await past(desk, [a], depth=2) == [[0, 0], [1, 2], [1, 20]]


async def test_the_past_by_the_hour_has_the_last_of_each(desk: Desk, source: Scripted) -> None:
    minutes = [record("a", str(n), f"2026-03-01T{n // 4:02}:{n % 4 * 15:02}:00+00:00") for n in range(25)]
    await post(desk, source, *minutes)
    [a] = await listing_ids(desk, "scripted", "a")
    assert await past(desk, [a], depth=3, hourly=True) == [[0, 0, 0], [3.75, 4.75, 5.75], [15, 19, 23]]
    assert len((await past(desk, [a], depth=30, hourly=True))[0]) == 6


@pytest.mark.parametrize("large", [1, 2_000])
async def test_the_others_are_the_newest_price_of_each_other_source(
    desk: Desk, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "LARGE", large)
    gecko, paprika, file = (Scripted(name=name) for name in ("coingecko", "coinpaprika", "csv"))
    await post(desk, gecko, seen("x", "1", 1), seen("alone", "1", 1))
    await post(desk, paprika, seen("x", "2", 3), seen("x2", "3", 4), seen("zero", "0", 5))
    await post(desk, file, seen("x", "9", 9))
    await desk.connection.execute("UPDATE loads SET simulated = true WHERE source = 'csv'")
    settle_identity(desk.connection.info.dsn)
    await desk.connection.execute(
        """UPDATE listings SET asset_id = CASE WHEN source_coin_id <> 'alone' THEN (SELECT min(asset_id) FROM assets)
                                          END"""
    )
    coins = await listing_ids(desk, "coingecko", "alone", "x")
    prices, times = await read_others(desk.connection, coins, ["coinpaprika", "csv"])
    np.testing.assert_equal(prices.tolist(), [[NAN, NAN], [3.0, NAN]])
    np.testing.assert_equal(((times - 1772323200) / 3600).tolist(), [[NAN, NAN], [4.0, NAN]])
    assert (await read_others(desk.connection, coins, []))[0].shape == (2, 0)


async def test_unknown_values_are_counted_by_load(desk: Desk, source: Scripted) -> None:
    full = {"rank": 1, "market_cap_usd": "1", "volume_24h_usd": "1", "change_24h_percent": "1", "supply": "1",
            "total_supply": "1", "max_supply": "1"}  # fmt: skip
    loads = [await post(desk, source, seen("a", "1", n, **full), seen("b", None, n)) for n in range(3)]
    assert await count_nulls(desk.connection, [(loads[0], loads[0]), (loads[2], loads[2])]) == {
        loads[0]: (2, FIELDS), loads[2]: (2, FIELDS)
    }  # fmt: skip


async def test_what_stood_is_of_answers_and_was_not_brought_now(desk: Desk, source: Scripted) -> None:
    await post(desk, source, seen("a", "1", 1), seen("b", "1", 1), seen("late", "1", 9))
    file = Scripted()
    file.dataset = "file.csv"
    await post(desk, file, seen("a", "1", 1))
    now = await post(desk, source, seen("b", "1", 2))
    before = await value(desk.connection, "SELECT '2026-03-01T05:00:00Z'::timestamptz")
    found = await read_stood(desk.connection, "scripted", now, before)
    assert [one.source_coin_id for one in found] == ["a"]
    assert [one.listing_id for one in found] == await rows_of(desk, "a")


async def rows_of(desk: Desk, coin: str) -> list[int]:
    """The listing of the coin that is no file's."""
    found = await rows(
        desk.connection, "SELECT listing_id FROM listings WHERE source_coin_id = %s AND dataset = ''", coin
    )
    return [row[0] for row in found]
