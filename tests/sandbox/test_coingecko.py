"""CoinGecko's endpoints, as CoinGecko documents them."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx2
import pytest

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
Params = dict[str, str | int | float | bool | None]
MARKETS = "/api/v3/coins/markets"


def exact(response: httpx2.Response) -> Any:
    """The body with every number as it was written."""
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal, parse_int=Decimal)


async def all_pages(client: httpx2.AsyncClient, order: str, per_page: int) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    page = 1
    while True:
        params: Params = {"vs_currency": "usd", "order": order, "per_page": per_page, "page": page}
        found = exact(await client.get(MARKETS, params=params))
        if not found:
            return records
        records += found
        page += 1


@pytest.mark.parametrize("order", ["market_cap_desc", "market_cap_asc", "id_asc", "id_desc", "volume_desc"])
async def test_pages_cover_every_coin_exactly_once(visit: Visit, order: str) -> None:
    client = await visit()
    records = await all_pages(client, order, 77)
    listed = exact(await client.get("/api/v3/coins/list"))
    ids = [record["id"] for record in records]
    assert sorted(ids) == sorted(coin["id"] for coin in listed)
    assert len(set(ids)) == 300


async def test_orders_are_what_they_say(visit: Visit) -> None:
    client = await visit()
    by_cap = await all_pages(client, "market_cap_desc", 250)
    ranks = [record["market_cap_rank"] for record in by_cap if record["market_cap_rank"]]
    assert ranks == list(range(1, len(ranks) + 1))
    assert by_cap[0]["id"] == "bitcoin"
    by_id = [record["id"] for record in await all_pages(client, "id_asc", 250)]
    assert by_id == sorted(by_id)


async def test_nulls_zeros_and_spellings_are_as_awkward_as_recorded_ones(visit: Visit) -> None:
    client = await visit(coingecko_coins=1_000)
    records = await all_pages(client, "market_cap_desc", 250)

    def share(field: str) -> float:
        return sum(record[field] is None for record in records) / len(records)

    assert 0.8 < share("roi") < 0.92
    assert 0.3 < share("max_supply") < 0.6
    assert 0.02 < share("total_supply") < 0.12
    assert 0.0 < share("market_cap_rank") < 0.1
    assert all(record["market_cap"] == 0 for record in records if record["market_cap_rank"] is None)
    assert any(record["current_price"] is None for record in records)
    assert any(record["circulating_supply"] > (record["total_supply"] or 10**80) for record in records)
    prices = [record["current_price"] for record in records if record["current_price"] is not None]
    assert any(len(price.as_tuple().digits) > 17 for price in prices)
    assert any(price == price.to_integral() for price in prices)
    assert max(record["total_supply"] or 0 for record in records) == Decimal("1.0e+76")
    text = (await client.get(MARKETS, params={"vs_currency": "usd", "per_page": 250, "page": 2})).text
    assert "e-0" in text
    assert any(not record["name"].isascii() for record in records)


async def test_other_currencies_and_precision(visit: Visit) -> None:
    client = await visit()
    ask = {"vs_currency": "usd", "ids": "bitcoin,nobody,ethereum", "precision": "full"}
    dollars = exact(await client.get(MARKETS, params=ask))
    euros = exact(await client.get(MARKETS, params=ask | {"vs_currency": "eur", "precision": "1"}))
    bitcoins = exact(await client.get(MARKETS, params=ask | {"vs_currency": "btc"}))
    assert [record["id"] for record in dollars] == ["bitcoin", "ethereum"]
    assert float(euros[0]["current_price"]) == pytest.approx(float(dollars[0]["current_price"]) * 0.86, rel=1e-4)
    assert euros[0]["current_price"].as_tuple().exponent == -1
    assert len(dollars[0]["current_price"].as_tuple().digits) >= 16
    assert float(bitcoins[0]["current_price"]) == pytest.approx(1, rel=0.01)


async def test_optional_fields_come_when_asked_for(visit: Visit) -> None:
    client = await visit()
    ask = {"vs_currency": "usd", "ids": "bitcoin"}
    (bare,) = exact(await client.get(MARKETS, params=ask))
    more = {"sparkline": "true", "price_change_percentage": "1h,7d,1y", "include_rehypothecated": "true"}
    (full,) = exact(await client.get(MARKETS, params=ask | more))
    assert full.keys() - bare.keys() == {
        "sparkline_in_7d",
        "price_change_percentage_1h_in_currency",
        "price_change_percentage_7d_in_currency",
        "price_change_percentage_1y_in_currency",
        "market_cap_rank_with_rehypothecated",
    }
    assert len(full["sparkline_in_7d"]["price"]) == 168


async def test_names_and_symbols_find_coins(visit: Visit) -> None:
    client = await visit()
    ask = {"vs_currency": "usd", "symbols": "usdt,btc"}
    top = exact(await client.get(MARKETS, params=ask))
    every = exact(await client.get(MARKETS, params=ask | {"include_tokens": "all"}))
    assert {record["id"] for record in top} == {"tether", "bitcoin"}
    assert len(every) > 2
    named = exact(await client.get(MARKETS, params={"vs_currency": "usd", "names": "Cosmos Hub"}))
    assert [record["id"] for record in named] == ["cosmos"]


@pytest.mark.parametrize(
    ("path", "params", "status", "body"),
    [
        ("/coins/markets", {}, 422, {"error": "Missing parameter vs_currency"}),
        ("/coins/markets", {"vs_currency": "usdt"}, 400, {"error": "invalid vs_currency"}),
        ("/coins/markets", {"vs_currency": "usd", "page": "0"}, 400, {"error": "invalid page"}),
        ("/coins/markets", {"vs_currency": "usd", "page": "²"}, 400, {"error": "invalid page"}),
        ("/coins/markets", {"vs_currency": "usd", "page": "9" * 5_000}, 400, {"error": "invalid page"}),
        ("/coins/markets", {"vs_currency": "usd", "per_page": "x"}, 400, {"error": "invalid per_page"}),
        ("/coins/markets", {"vs_currency": "usd", "precision": "19"}, 400, {"error": "invalid precision"}),
        ("/coins/markets", {"vs_currency": "usd", "order": "luck"}, 400, {"error": "invalid order"}),
        (
            "/coins/markets",
            {"vs_currency": "usd", "price_change_percentage": "3h"},
            400,
            {"error": "invalid price_change_percentage"},
        ),
        ("/coins/markets", {"vs_currency": "usd", "category": "none"}, 404, {"error": "category not found"}),
        ("/coins/list", {"status": "dead"}, 400, {"error": "invalid status"}),
        ("/coins/nobody/market_chart", {"vs_currency": "usd", "days": "1"}, 404, {"error": "coin not found"}),
        ("/coins/bitcoin/market_chart", {"vs_currency": "usd"}, 422, {"error": "Missing parameter days"}),
        ("/coins/bitcoin/market_chart", {"vs_currency": "usd", "days": "-1"}, 400, {"error": "invalid days"}),
        ("/coins/bitcoin/ohlc", {"vs_currency": "usd", "days": "2"}, 400, {"error": "invalid days"}),
    ],
)
async def test_wrong_parameters(
    visit: Visit, path: str, params: dict[str, str], status: int, body: dict[str, str]
) -> None:
    client = await visit(coingecko_coins=30, coinpaprika_coins=30)
    response = await client.get(f"/api/v3{path}", params=params)
    assert (response.status_code, response.json()) == (status, body)


async def test_a_page_says_how_many_there_are_and_where_the_next_is(visit: Visit) -> None:
    client = await visit()
    response = await client.get(MARKETS, params={"vs_currency": "usd", "per_page": 300, "page": 1})
    assert len(response.json()) == 250
    assert response.headers["total"] == "300"
    assert response.headers["per-page"] == "250"
    assert response.headers["cache-control"] == "public, max-age=120"
    assert response.headers["age"] == "30"
    following = response.links["next"]["url"]
    assert following
    assert len((await client.get(following)).json()) == 50


async def test_the_list_with_and_without_platforms(visit: Visit) -> None:
    client = await visit()
    bare = (await client.get("/api/v3/coins/list")).json()
    full = (await client.get("/api/v3/coins/list", params={"include_platform": "true"})).json()
    assert all(coin.keys() == {"id", "symbol", "name"} for coin in bare)
    assert [coin.pop("platforms") is not None for coin in full].count(True) == 300
    assert bare == full
    gone = (await client.get("/api/v3/coins/list", params={"status": "inactive"})).json()
    assert gone
    assert not {coin["id"] for coin in gone} & {coin["id"] for coin in bare}


async def test_charts_are_off_the_hour_and_end_now(visit: Visit) -> None:
    client = await visit(coingecko_coins=30, coinpaprika_coins=30)
    ask = {"vs_currency": "usd", "days": "7"}
    chart = (await client.get("/api/v3/coins/bitcoin/market_chart", params=ask)).json()
    stamps = [stamp for stamp, _ in chart["prices"]]
    gaps = [later - earlier for earlier, later in pairwise(stamps[:-1])]
    assert len(stamps) == 169
    assert all(3_560_000 <= gap <= 3_640_000 for gap in gaps)
    assert len(set(gaps)) > 100
    assert stamps[-1] == 1_781_518_830_000
    daily = (await client.get("/api/v3/coins/bitcoin/market_chart", params=ask | {"days": "120"})).json()
    assert all(stamp % 86_400_000 == 0 for stamp, _ in daily["total_volumes"][:-1])
    five = (await client.get("/api/v3/coins/bitcoin/market_chart", params=ask | {"days": "1"})).json()
    assert len(five["market_caps"]) == 289


async def test_history_of_more_than_a_year_is_for_payers(visit: Visit) -> None:
    ask = {"vs_currency": "usd", "days": "max"}
    public = await visit(coingecko_plan="demo", coingecko_coins=30, coinpaprika_coins=30)
    response = await public.get("/api/v3/coins/bitcoin/market_chart", params=ask)
    assert response.status_code == 401
    assert response.json()["error"]["status"]["error_code"] == 10012
    free = await visit(coingecko_coins=30, coinpaprika_coins=30)
    chart = (await free.get("/api/v3/coins/bitcoin/market_chart", params=ask)).json()
    assert len(chart["prices"]) > 3_000


async def test_candles_hold_their_opening_and_closing(visit: Visit) -> None:
    client = await visit(coingecko_coins=30, coinpaprika_coins=30)
    for days, count, body in ((1, 48, 1_800), (30, 180, 14_400), (90, 22, 345_600)):
        ask: Params = {"vs_currency": "usd", "days": days}
        candles = exact(await client.get("/api/v3/coins/ethereum/ohlc", params=ask))
        assert len(candles) == count
        for stamp, opening, high, low, close in candles:
            assert stamp % (body * 1_000) == 0
            assert low <= min(opening, close) <= max(opening, close) <= high


async def test_the_small_endpoints(visit: Visit) -> None:
    client = await visit(coingecko_coins=30, coinpaprika_coins=30)
    assert (await client.get("/api/v3/ping")).json() == {"gecko_says": "(V3) To the Moon!"}
    currencies = (await client.get("/api/v3/simple/supported_vs_currencies")).json()
    assert "usd" in currencies
    assert "usdt" not in currencies
    for currency in currencies:
        ask = {"vs_currency": currency, "ids": "bitcoin"}
        (record,) = (await client.get(MARKETS, params=ask)).json()
        assert record["current_price"] > 0
    platforms = (await client.get("/api/v3/asset_platforms")).json()
    assert {"ethereum", "solana"} <= {platform["id"] for platform in platforms}
    assert (await client.get("/api/v3/nothing")).status_code == 404
