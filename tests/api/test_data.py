"""`GET /data`: the contract of the newest quotes."""

import re
from datetime import UTC, datetime, timedelta

import httpx2

from tests.api.serving import exactly
from tests.ingest.looking import Desk, known_at
from tests.ingest.scripted import Scripted, body, record

ROW = ("id", "crypto_id", "crypto_name", "symbol", "price_usd", "market_cap_usd", "volume_24h_usd",
       "change_24h_percent", "data_source", "created_at", "asset", "rank", "circulating_supply", "observed_at", "stale",
       "total_supply", "max_supply", "dataset", "version", "simulated")  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
NUMBERS = ("1E-18", "2.993e-05", "1e76", "0.123456789012345678901234567890", "99000000000000.5", "1.10", "0", "-0.0",
           "-0.000000000000000000000000000001", "123456789012345678901234567890")  # fmt: skip


async def test_an_empty_ledger_gives_an_empty_page(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/data")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found["data"] == [] and found["total"] == 0 and found["next_cursor"] is None
    assert (found["page"], found["page_size"]) == (1, 10)


async def test_a_row_has_all_its_members(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    sent = record("bitcoin", "64000.50", name="Bitcoin", symbol="btc", rank=1, supply="19000000",
                  market_cap_usd="1e12", volume_24h_usd="5", change_24h_percent="-1.250", total_supply="2",
                  max_supply="21000000")  # fmt: skip
    await desk.post(gecko, body(sent))
    answer = await api.get("/data", headers={"x-request-id": "mine-1"})
    found = exactly(answer.text)
    [row] = found["data"]
    assert set(row) == set(ROW)
    assert row | {"id": 0, "created_at": 0} == {
        "id": 0, "created_at": 0, "crypto_id": "bitcoin", "crypto_name": "Bitcoin", "symbol": "btc",
        "price_usd": "64000.50", "market_cap_usd": "1000000000000", "volume_24h_usd": "5",
        "change_24h_percent": "-1.250", "total_supply": "2", "max_supply": "21000000", "rank": "1",
        "circulating_supply": "19000000", "data_source": "coingecko", "dataset": None, "asset": None,
        "observed_at": "2026-03-01T00:00:00.000000Z", "version": "1", "stale": True, "simulated": False,
    }  # fmt: skip
    assert isinstance(answer.json()["data"][0]["id"], int) and MOMENT.fullmatch(row["created_at"])
    assert datetime.fromisoformat(row["created_at"]) == await known_at(desk.connection)
    assert found["request_id"] == "mine-1" and float(found["api_latency_ms"]) > 0
    assert list(found)[-2:] == ["request_id", "api_latency_ms"]


async def test_numbers_come_out_with_all_their_digits(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(*(record(f"c{n}", text, volume_24h_usd=text) for n, text in enumerate(NUMBERS))))
    found = exactly((await api.get("/data?limit=100")).text)
    plain = {"1E-18": "0.000000000000000001", "2.993e-05": "0.00002993", "1e76": "1" + "0" * 76, "-0.0": "0.0"}
    for row in found["data"]:
        text = NUMBERS[int(row["crypto_id"][1:])]
        assert row["price_usd"] == row["volume_24h_usd"] == plain.get(text, text)


async def test_what_is_unknown_is_null(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", None)))
    [row] = (await api.get("/data")).json()["data"]
    assert {name for name, value in row.items() if value is None} == {
        "asset", "price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "rank", "circulating_supply",
        "total_supply", "max_supply", "dataset",
    }  # fmt: skip


async def test_text_of_any_kind_survives(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    names = ['quo"te', "back\\slash", "per%cent %s {0}", "ß 東京 🚀", "new\nline", "</script>"]
    await desk.post(gecko, body(*(record(f"c{n}", "1", name=name) for n, name in enumerate(names))))
    found = (await api.get("/data?sort_by=created_at&order=asc")).json()["data"]
    assert [row["crypto_name"] for row in found] == names


async def test_the_newest_known_comes_first_and_ten_make_a_page(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    for n in range(12):
        await desk.post(gecko, body(record(f"c{n}", "1")))
    found = (await api.get("/data")).json()
    assert [row["crypto_id"] for row in found["data"]] == [f"c{n}" for n in range(11, 1, -1)]
    assert (found["total"], found["page"], found["page_size"]) == (12, 1, 10)
    assert found["next_cursor"]


FILTERS = {
    "source=coingecko": "bcd", "source=CoinGecko": "bcd", "symbol=xyz": "ac", "symbol=XYZ": "ac",
    "crypto_id=COIN-B": "b", "q=other": "b", "q=COIN-": "abcd", "q=xyz": "ac", "min_price=2": "bc", "max_price=2": "ab",
    "min_price=2&max_price=2.0": "b", "min_price=3&max_price=1": "", "source=csv": "", "asset=bitcoin": "",
    "symbol=none-such": "", "q=%00": "", "q=b%0Aother": "", "q=%25": "", "source=coingecko&symbol=xyz": "c",
    "min_price=1e0&max_price=.2e1": "ab", "q=B%00the": "",
}  # fmt: skip


async def test_filters(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, paprika: Scripted) -> None:
    await desk.post(paprika, body(record("coin-a", "1", symbol="Xyz")))
    await desk.post(gecko, body(record("coin-b", "2.00", symbol="B", name="The Other")))
    await desk.post(gecko, body(record("coin-c", "3", symbol="XYZ"), record("coin-d", None, symbol="D", name="d")))
    for asked, found in FILTERS.items():
        told = (await api.get(f"/data?sort_by=crypto_name&order=asc&{asked}")).json()
        assert "".join(sorted(row["crypto_id"][-1] for row in told["data"])) == found, asked
        assert told["total"] == len(found)


async def test_an_ambiguous_ticker_is_told_in_meta(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, paprika: Scripted
) -> None:
    await desk.post(gecko, body(record("bitcoin", "60000", symbol="btc", rank=1), record("lone", "1", symbol="one")))
    await desk.post(gecko, body(record("bitcoin-scam", "0.1", symbol="BTC")))
    told = (await api.get("/data?symbol=btc&limit=1")).json()
    assert [(one["crypto_id"], one["rank"]) for one in told["meta"]["candidates"]] == [
        ("bitcoin", 1), ("bitcoin-scam", None)
    ]  # fmt: skip
    assert (await api.get("/data?symbol=one")).json()["meta"]["candidates"] is None
    assert (await api.get("/data")).json()["meta"]["candidates"] is None


async def test_staleness_is_told_by_the_quote_s_own_time(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    now = datetime.now(UTC)
    young, old = now - timedelta(minutes=115), now - timedelta(minutes=125)
    await desk.post(gecko, body(record("young", "1", at=young.isoformat()), record("old", "1", at=old.isoformat())))
    rows = (await api.get("/data")).json()["data"]
    assert {row["crypto_id"]: row["stale"] for row in rows} == {"young": False, "old": True}


async def test_a_page_far_behind_the_end_says_which_one_it_is(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(*(record(f"c{n}", "1") for n in range(12))))
    answer = await api.get("/data?page=7")
    assert (answer.json()["page"], answer.json()["data"], answer.json()["total"]) == (7, [], 12)
    assert 'page=2>; rel="prev"' in answer.headers["link"]


async def test_an_amount_that_is_none_is_refused_at_once(api: httpx2.AsyncClient) -> None:
    for amount in ("1e999999999", "1" * 501, "NaN", "Infinity", "-1", "1_000", "", "١", "0x10", "1e-1001"):
        answer = await api.get("/data", params={"min_price": amount})
        assert answer.status_code == 422, amount
        assert answer.json()["errors"][0]["parameter"] == "min_price"
