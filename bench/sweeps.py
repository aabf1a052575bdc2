"""Sweeps: payloads of `/coins/markets` as the sandbox's market tells them, in pages of any size."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import msgspec

from kasparro.bootstrap.database import Database
from kasparro.bootstrap.providers import open_sources
from kasparro.config import load_settings
from kasparro.ingest.keep import make_page
from kasparro.sandbox.coingecko import CoinGecko
from kasparro.sandbox.coins import build
from kasparro.sandbox.market import Market
from kasparro.sources.contract import Payload, Request, Source
from kasparro.store.page import Page

COINS = 20_000
_DAY = 86_400
_LARGEST = 250
_SPARE = 500


class _Named(msgspec.Struct):
    id: str
    symbol: str
    name: str


class Sweep:
    """All coins of the market at one moment, `records` as JSON texts."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self.records = records

    def payloads(self, size: int) -> list[Payload]:
        """The sweep in payloads of `size` records."""
        starts = range(0, len(self.records), size)
        return [
            Payload(b"[" + b",".join(self.records[start : start + size]) + b"]", datetime.now(UTC)) for start in starts
        ]


@cache
def two_sweeps() -> tuple[Sweep, Sweep]:
    """The market a day ago and now: the same coins, every one with a newer quote in the second.

    The few records that a parser rejects (a coin without a symbol) are left out of both.
    """
    market = Market(1, build(1, COINS + _SPARE, 1), 60)
    provider = CoinGecko(market, "http://127.0.0.1", long_history=False)
    now = time.time()
    before, today = _records(provider, now - _DAY), _records(provider, now)
    chosen = list(before.keys() & today.keys())[:COINS]
    assert len(chosen) == COINS
    return Sweep([before[coin] for coin in chosen]), Sweep([today[coin] for coin in chosen])


async def coingecko() -> Source:
    """The source whose parser reads the sweeps; it fetches nothing here."""
    async with open_sources(load_settings(), Database("", embedded=False), ("coingecko",)) as sources:
        return sources[0]


def market_page(number: int) -> Request:
    """The request that a payload of a sweep stands for."""
    return Request("markets", "/coins/markets", number, {"per_page": str(_LARGEST), "page": str(number)})


def make_pages(source: Source, step_id: int, payloads: Sequence[Payload]) -> list[Page]:
    """Each payload parsed, hashed and compressed: what a step does before it posts."""
    pages = []
    for number, payload in enumerate(payloads, 1):
        request = market_page(number)
        parsed = source.parse(request, payload)
        assert not parsed.rejections
        assert not parsed.drift
        pages.append(make_page(source, step_id, request, payload, parsed, {"done": [[1, number]]}))
    return pages


def _records(provider: CoinGecko, now: float) -> dict[str, bytes]:
    records: dict[str, bytes] = {}
    for page in range(1, (COINS + _SPARE) // _LARGEST + 1):
        query = {"vs_currency": "usd", "per_page": str(_LARGEST), "page": str(page), "precision": "full"}
        for record in msgspec.json.decode(provider.answer("/coins/markets", query, now).body, type=list[msgspec.Raw]):
            named = msgspec.json.decode(record, type=_Named)
            if named.symbol and named.name:
                records[named.id] = bytes(record)
    return records
