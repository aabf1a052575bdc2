"""CoinPaprika's endpoints, as CoinPaprika documents them."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]


def exact(response: httpx2.Response) -> Any:
    """The body with every number as it was written."""
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal, parse_int=Decimal)


async def test_free_tickers_are_two_thousand_without_circulating_supply(visit: Visit) -> None:
    client = await visit(coinpaprika_plan="free", coinpaprika_coins=2_300, coingecko_coins=10)
    tickers = exact(await client.get("/v1/tickers"))
    ranks = [ticker["rank"] for ticker in tickers]
    assert len(tickers) == 2_000
    assert sorted(ranks) == list(range(1, 2_001))
    assert ranks != sorted(ranks)
    assert not any("circulating_supply" in ticker for ticker in tickers)
    assert any(ticker["beta_value"] == "" for ticker in tickers)
    assert any(ticker["total_supply"] == "" for ticker in tickers)
    assert sum(ticker["max_supply"] == 0 for ticker in tickers) > 600
    assert all(ticker["symbol"] == ticker["symbol"].upper() for ticker in tickers)
    assert any(len(ticker["quotes"]["USD"]["price"].as_tuple().digits) > 17 for ticker in tickers)


async def test_paid_tickers_are_all_of_them_with_circulating_supply(visit: Visit) -> None:
    client = await visit(coinpaprika_coins=2_300, coingecko_coins=10)
    tickers = exact(await client.get("/v1/tickers"))
    assert len(tickers) == 2_300
    assert all("circulating_supply" in ticker for ticker in tickers)
    assert any(ticker["rank"] == 0 for ticker in tickers)


async def test_limit_shows_the_first_ranks(visit: Visit) -> None:
    client = await visit()
    tickers = exact(await client.get("/v1/tickers", params={"limit": 10}))
    assert sorted(ticker["rank"] for ticker in tickers) == list(range(1, 11))


async def test_quotes_in_three_currencies_at_most(visit: Visit) -> None:
    client = await visit()
    ticker = exact(await client.get("/v1/tickers/eth-ethereum", params={"quotes": "USD,BTC,EUR"}))
    assert list(ticker["quotes"]) == ["USD", "BTC", "EUR"]
    assert ticker["quotes"]["BTC"]["ath_price"] is None
    assert ticker["quotes"]["USD"]["ath_price"] > 0
    assert ticker["quotes"]["USD"]["market_cap"] == ticker["quotes"]["USD"]["market_cap"].to_integral()
    for quotes in ("USD,BTC,EUR,GBP", "XXX"):
        response = await client.get("/v1/tickers", params={"quotes": quotes})
        assert (response.status_code, response.json()) == (400, {"error": "invalid parameters"})


async def test_an_unknown_coin(visit: Visit) -> None:
    client = await visit()
    for path in ("/v1/tickers/nobody", "/v1/tickers/nobody/historical", "/v1/contracts/nowhere"):
        response = await client.get(path)
        assert (response.status_code, response.json()) == (404, {"error": "id not found"})
    assert (await client.get("/v1/nothing")).status_code == 404


async def test_coins_lists_also_those_that_are_gone(visit: Visit) -> None:
    client = await visit()
    coins = exact(await client.get("/v1/coins"))
    active = [coin for coin in coins if coin["is_active"]]
    gone = [coin for coin in coins if not coin["is_active"]]
    assert len(active) == 400
    assert gone
    assert all(coin["rank"] == 0 for coin in gone)
    assert any(coin["rank"] == 0 for coin in active)
    assert {coin["type"] for coin in coins} == {"coin", "token"}


async def test_contracts_agree_with_the_other_provider(visit: Visit) -> None:
    client = await visit()
    platforms = exact(await client.get("/v1/contracts"))
    assert "eth-ethereum" in platforms
    contracts = exact(await client.get("/v1/contracts/eth-ethereum"))
    theirs = exact(await client.get("/api/v3/coins/list", params={"include_platform": "true"}))
    addresses = {coin["platforms"].get("ethereum") for coin in theirs} - {None}
    shared = addresses & {contract["address"] for contract in contracts}
    assert len(shared) > 20
    tether = next(contract for contract in contracts if contract["id"] == "usdt-tether")
    response = await client.get(f"/v1/contracts/eth-ethereum/{tether['address'].upper().replace('X', 'x')}")
    assert response.status_code == 301
    assert response.headers["location"] == str(client.base_url.join("/v1/tickers/usdt-tether"))
    assert exact(await client.get(response.headers["location"]))["id"] == "usdt-tether"
    assert (await client.get("/v1/contracts/eth-ethereum/0x0")).status_code == 404


@pytest.mark.parametrize(
    ("interval", "start", "status"),
    [
        ("1d", "2025-06-20", 200),
        ("1d", "2025-06-01", 402),
        ("1h", "2026-06-14T11:00:00Z", 200),
        ("1h", "1781400000", 402),
        ("5m", "2026-06-15T10:00:00Z", 402),
        ("1d", "", 400),
        ("1d", "2025-06-20T00:00:00", 400),
        ("1d", "yesterday", 400),
        ("9d", "2025-06-20", 400),
    ],
)
async def test_history_on_the_free_plan(visit: Visit, interval: str, start: str, status: int) -> None:
    client = await visit(coinpaprika_plan="free", coinpaprika_coins=30, coingecko_coins=30)
    response = await client.get("/v1/tickers/btc-bitcoin/historical", params={"interval": interval, "start": start})
    assert response.status_code == status
    if status == 402:
        assert "is not allowed in this plan" in response.json()["error"]


async def test_history_is_a_window_that_leaves_out_its_end(visit: Visit) -> None:
    client = await visit(coinpaprika_coins=30, coingecko_coins=30)
    ask = {"interval": "1d", "start": "2026-01-01", "end": "2026-01-11"}
    ticks = exact(await client.get("/v1/tickers/btc-bitcoin/historical", params=ask))
    assert [tick["timestamp"][:10] for tick in ticks] == [f"2026-01-{day:02d}" for day in range(1, 11)]
    limited = exact(await client.get("/v1/tickers/btc-bitcoin/historical", params=ask | {"limit": "3"}))
    assert limited == ticks[:3]
    bitcoins = exact(await client.get("/v1/tickers/btc-bitcoin/historical", params=ask | {"quote": "btc"}))
    assert bitcoins[0]["price"] < 10
    for wrong in ({"limit": "5001"}, {"quote": "eur"}, {"end": "soon"}):
        response = await client.get("/v1/tickers/btc-bitcoin/historical", params=ask | wrong)
        assert response.status_code == 400


async def test_mappings_are_for_payers(visit: Visit) -> None:
    free = await visit(coinpaprika_plan="free", coinpaprika_coins=30, coingecko_coins=30)
    assert (await free.get("/v1/coins/mappings", params={"coingecko": "bitcoin"})).status_code == 402
    paid = await visit(coinpaprika_coins=30, coingecko_coins=30)
    for ask in ({"coingecko": "ripple"}, {"coinpaprika": "xrp-xrp"}, {"coinmarketcap": "5"}):
        (mapping,) = exact(await paid.get("/v1/coins/mappings", params=ask))
        assert (mapping["coingecko"], mapping["coinpaprika"]) == ("ripple", "xrp-xrp")
    assert (await paid.get("/v1/coins/mappings")).status_code == 400


async def test_both_providers_show_nearly_the_same_prices(visit: Visit) -> None:
    client = await visit()
    theirs = exact(await client.get("/api/v3/coins/markets", params={"vs_currency": "usd", "per_page": 100}))
    ours = {ticker["name"]: ticker["quotes"]["USD"] for ticker in exact(await client.get("/v1/tickers"))}
    pairs = [
        (float(coin["current_price"]), float(ours[coin["name"]]["price"]))
        for coin in theirs
        if coin["name"] in ours and coin["current_price"] is not None and "Bridged" not in coin["name"]
    ]
    close = [abs(one / other - 1) < 0.01 for one, other in pairs]
    assert len(pairs) > 60
    assert sum(close) / len(close) > 0.9
