"""The answers against the providers' own published descriptions, where those are at hand.

KASPARRO_EVIDENCE names a directory whose `openapi/` holds one file per provider, as the provider publishes it.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import yaml

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
EVIDENCE = os.environ.get("KASPARRO_EVIDENCE", "")
pytestmark = pytest.mark.skipif(not EVIDENCE, reason="KASPARRO_EVIDENCE names no directory")


def description(provider: str) -> dict[str, Any]:
    (path,) = (path for path in (Path(EVIDENCE) / "openapi").iterdir() if path.name.startswith(provider))
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return loaded


@pytest.fixture(scope="module")
def coingecko() -> dict[str, Any]:
    return description("coingecko")


@pytest.fixture(scope="module")
def coinpaprika() -> dict[str, Any]:
    return description("coinpaprika")


def with_null(schema: Any) -> Any:
    """The schema with OpenAPI's `nullable` said in JSON Schema's way."""
    if isinstance(schema, list):
        return [with_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: with_null(part) for name, part in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def check(described: dict[str, Any], path: str, body: Any) -> None:
    """Holds `body` against the schema of a 200 of `path`. Raises ValidationError."""
    answer = described["paths"][path]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    whole = with_null({**schema, "components": {"schemas": described["components"]["schemas"]}})
    jsonschema.Draft202012Validator(whole).validate(body)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/ping", "/ping"),
        ("/coins/list", "/coins/list"),
        ("/coins/list", "/coins/list?include_platform=true"),
        ("/coins/markets", "/coins/markets?vs_currency=usd&per_page=250"),
        ("/coins/markets", "/coins/markets?vs_currency=eur&per_page=50&page=6"),
        (
            "/coins/markets",
            "/coins/markets?vs_currency=usd&per_page=20&sparkline=true&price_change_percentage=1h,1y"
            "&include_rehypothecated=true",
        ),
        ("/coins/{id}/market_chart", "/coins/bitcoin/market_chart?vs_currency=usd&days=30"),
        ("/coins/{id}/ohlc", "/coins/bitcoin/ohlc?vs_currency=usd&days=30"),
        ("/asset_platforms", "/asset_platforms"),
        ("/simple/supported_vs_currencies", "/simple/supported_vs_currencies"),
    ],
)
async def test_coingecko_answers_as_described(visit: Visit, coingecko: dict[str, Any], path: str, target: str) -> None:
    client = await visit()
    response = await client.get(f"/api/v3{target}")
    assert response.status_code == 200
    check(coingecko, path, response.json())


async def test_coingecko_records_have_exactly_the_described_fields(visit: Visit, coingecko: dict[str, Any]) -> None:
    client = await visit()
    described = coingecko["components"]["schemas"]["CoinsMarkets"]["items"]
    for record in (await client.get("/api/v3/coins/markets?vs_currency=usd")).json():
        assert list(record) == [name for name in described["properties"] if name in described["required"]]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/coins", "/coins"),
        ("/tickers/{coin_id}", "/tickers/eth-ethereum?quotes=USD,EUR"),
        ("/tickers/{coin_id}/historical", "/tickers/btc-bitcoin/historical?start=2026-06-01&interval=1h"),
        ("/contracts", "/contracts"),
        ("/contracts/{platform_id}", "/contracts/eth-ethereum"),
        ("/coins/mappings", "/coins/mappings?coingecko=bitcoin"),
        ("/key/info", "/key/info"),
    ],
)
async def test_coinpaprika_answers_as_described(
    visit: Visit, coinpaprika: dict[str, Any], path: str, target: str
) -> None:
    client = await visit()
    response = await client.get(f"/v1{target}")
    assert response.status_code == 200
    check(coinpaprika, path, response.json())


async def test_tickers_are_as_described_but_for_missing_values(visit: Visit, coinpaprika: dict[str, Any]) -> None:
    """The description says in words, not in the schema, that a missing value is an empty text."""
    client = await visit()
    tickers = (await client.get("/v1/tickers")).json()
    described = coinpaprika["components"]["schemas"]
    for ticker in tickers:
        assert ticker.keys() == described["tick"]["properties"].keys()
        for quote in ticker["quotes"].values():
            # The description forgets these three, which every recorded ticker has.
            unsaid = {"percent_change_15m", "percent_change_30m", "percent_change_6h"}
            assert quote.keys() == described["quote"]["properties"].keys() | unsaid

    def told(value: dict[str, Any]) -> dict[str, Any]:
        return {name: told(part) if isinstance(part, dict) else part for name, part in value.items() if part != ""}

    check(coinpaprika, "/tickers", [told(ticker) for ticker in tickers])
