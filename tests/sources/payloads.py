"""Payloads by hand: records as documented, changed field by field, with every digit as it is written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kasparro.sources.client import PoliteClient
from kasparro.sources.coingecko import CoinGecko
from kasparro.sources.coinpaprika import CoinPaprika
from kasparro.sources.contract import Parsed, Payload, Request, Source
from kasparro.sources.politeness import Politeness

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ABSENT = ""
"""As a field's text: the field isn't there."""

SWIFT = Politeness(
    root="http://127.0.0.1:1", requests=1_000, period=1, concurrency=4, month_quota=None, wait_after_429=0.01,
    backoff_base=0.001, backoff_cap=0.002, attempts=3, unreachable_after=0.02,
)  # fmt: skip
"""A plan under which a test never waits for long."""


async def allow(source: str, limit: int | None) -> bool:
    """A month quota that is never used up."""
    return True


def client_of(politeness: Politeness = SWIFT, **changes: Any) -> PoliteClient:
    """A client under this plan; what it needs besides may be changed by name."""
    standard: dict[str, Any] = {"cap": (1_000, 1), "key": None, "spend": allow, "time_budget": 60.0}
    return PoliteClient("coingecko", politeness, **(standard | changes))


def gecko(max_coins: int = 1_000) -> CoinGecko:
    """CoinGecko, not meant to be fetched from."""
    return CoinGecko(client_of(), max_coins=max_coins)


def paprika(max_coins: int | None = None) -> CoinPaprika:
    """CoinPaprika, not meant to be fetched from."""
    return CoinPaprika(client_of(), max_coins=max_coins)


def recorded(name: str) -> bytes:
    """The bytes of a file in `recorded/`."""
    return (Path(__file__).parent / "recorded" / name).read_bytes()


MARKET = {
    "id": '"bitcoin"', "symbol": '"btc"', "name": '"Bitcoin"', "image": '"https://example.org/btc.png"',
    "current_price": "107729.97", "market_cap": "2151367495530", "market_cap_rank": "1",
    "fully_diluted_valuation": "2151367495530", "total_volume": "638930471209", "high_24h": "110123.2",
    "low_24h": "107464.1", "price_change_24h": "-1057.18", "price_change_percentage_24h": "-0.97",
    "market_cap_change_24h": "-21111", "market_cap_change_percentage_24h": "-0.9",
    "circulating_supply": "19969999", "total_supply": "19969999.0", "max_supply": "21000000", "ath": "126080",
    "ath_change_percentage": "-14.5", "ath_date": '"2025-10-06T18:57:42.558Z"', "atl": "67.81",
    "atl_change_percentage": "158764.2", "atl_date": '"2013-07-06T00:00:00.000Z"', "roi": "null",
    "last_updated": '"2026-06-15T11:58:31.123Z"',
}  # fmt: skip
"""A record of CoinGecko's `/coins/markets`: field -> the JSON text of its value."""

LISTED = {
    "id": '"usd-coin"',
    "symbol": '"usdc"',
    "name": '"USDC"',
    "platforms": '{"ethereum":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"}',
}
"""A record of CoinGecko's `/coins/list?include_platform=true`."""

TICKER = {
    "id": '"btc-bitcoin"', "name": '"Bitcoin"', "symbol": '"BTC"', "rank": "1", "total_supply": "19969999",
    "max_supply": "21000000", "beta_value": "0.9", "first_data_at": '"2010-07-17T00:00:00Z"',
    "last_updated": '"2026-06-15T11:58:31Z"',
}  # fmt: skip
"""A record of CoinPaprika's `/tickers` on the free plan, without its quotes."""

USD = {
    "price": "107729.97053", "volume_24h": "638930471209.5", "volume_24h_change_24h": "4.2",
    "market_cap": "2151367495530", "market_cap_change_24h": "-0.9", "percent_change_15m": "0.01",
    "percent_change_30m": "0.02", "percent_change_1h": "0.1", "percent_change_6h": "0.5",
    "percent_change_12h": "0.7", "percent_change_24h": "-0.97", "percent_change_7d": "1.5",
    "percent_change_30d": "3", "percent_change_1y": "60.2", "ath_price": "126080.1",
    "ath_date": '"2025-10-06T18:57:42Z"', "percent_from_price_ath": "-14.5",
}  # fmt: skip
"""The USD quote of a ticker."""

PAPRIKA_COIN = {
    "id": '"btc-bitcoin"', "name": '"Bitcoin"', "symbol": '"BTC"', "rank": "1", "is_new": "false",
    "is_active": "true", "type": '"coin"',
}  # fmt: skip
"""A record of CoinPaprika's `/coins`."""

CONTRACT = {
    "address": '"0xdac17f958d2ee523a2206206994597c13d831ec7"',
    "type": '"ERC20"',
    "id": '"usdt-tether"',
    "active": "true",
}
"""A record of CoinPaprika's `/contracts/{platform}`."""


def record(standard: dict[str, str], **changes: str) -> str:
    """The standard record with other texts in some fields."""
    fields = ((name, text) for name, text in (standard | changes).items() if text != ABSENT)
    return "{" + ",".join(f'"{name}":{text}' for name, text in fields) + "}"


def market(**changes: str) -> str:
    """A record of `/coins/markets`."""
    return record(MARKET, **changes)


def ticker(**changes: str) -> str:
    """A record of `/tickers`; fields of the USD quote are changed by their own names."""
    usd = record(USD, **{name: text for name, text in changes.items() if name in USD})
    outside = {name: text for name, text in changes.items() if name not in USD}
    return record(TICKER | {"quotes": f'{{"USD":{usd}}}'}, **outside)


def array(*records: str) -> bytes:
    """A payload of these records."""
    return ("[" + ",".join(records) + "]").encode()


def request_of(source: Source, stream: str) -> Request:
    """The first request of this stream."""
    return next(planned.requests[0] for planned in source.plan({}, NOW) if planned.name == stream)


def chain_request() -> Request:
    """The request for one chain's addresses that the list of chains leads to."""
    source = paprika()
    return source.parse(request_of(source, "contracts"), Payload(b'["eth-ethereum"]', NOW)).follow[0]


_GECKO, _PAPRIKA, _CHAIN = gecko(), paprika(), chain_request()


def parse(stream: str, body: bytes | Sequence[str]) -> Parsed:
    """What a payload of `markets`, `list`, `tickers`, `coins` or `contracts` says."""
    source: Source = _GECKO if stream in ("markets", "list") else _PAPRIKA
    planned = "coins" if stream == "list" else stream
    request = _CHAIN if stream == "contracts" else request_of(source, planned)
    return source.parse(request, Payload(body if isinstance(body, bytes) else array(*body), NOW))
