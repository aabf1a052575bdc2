"""A ledger in which three sources quote the same coins, for what is told of assets."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kasparro.ingest.identity import settle_identity
from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.staging import create_staging
from tests.ingest.commands import fresh_ledger
from tests.ingest.looking import Desk
from tests.ingest.scripted import Record, Scripted, body, record

ADDRESS = "0x514910771af9ca656af840dff83e8264ecf986ca"


def now(**earlier: float) -> str:
    """The present moment, or one so much earlier, with a fraction of a second."""
    return (datetime.now(UTC).replace(microsecond=123456) - timedelta(**earlier)).isoformat()


def quoted(coin: str, symbol: str, name: str, price: str | None, cap: str | None = None, **more: Any) -> Record:
    """A quote of this minute, unless `at` says otherwise."""
    at = more.pop("at", None) or now()
    return record(coin, price, at, symbol=symbol, name=name, market_cap_usd=cap, **more)


class Market:
    """Posts quotes and coin lists of several sources into the ledger at `url`, and has its listings linked."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.desk = desk
        self.url = url
        self._sources: dict[str, Scripted] = {}
        self._position = 0

    async def post(self, source: str, *records: Record, dataset: str = "", stream: str = "pages") -> None:
        """One page of a source."""
        scripted = self._sources.setdefault(source, Scripted(name=source))
        scripted.dataset = dataset
        self._position += 1
        await self.desk.post(scripted, body(*records), stream=stream, position=self._position)

    async def settle(self, **asked: Any) -> None:
        """Decide which listings are one asset."""
        await asyncio.to_thread(settle_identity, self.url, **asked)


async def fill(market: Market) -> None:
    """Three sources that agree on Bitcoin, and two that don't on Chainlink; a coin that nobody quotes, one that is
    gone, and one whose ticker another has."""
    await market.post(
        "coinpaprika",
        {"coin": "btc-bitcoin", "symbol": "BTC", "name": "Bitcoin", "active": True},
        {"coin": "link-chainlink", "symbol": "LINK", "name": "Chainlink", "active": True,
         "addresses": [["eth-ethereum", ADDRESS]]},
        {"coin": "quiet-quietcoin", "symbol": "QUIET", "name": "Quietcoin", "active": True},
        {"coin": "gone-gonecoin", "symbol": "GONE", "name": "Gonecoin", "active": False},
        stream="coins",
    )  # fmt: skip
    await market.post(
        "coingecko",
        {"coin": "bitcoin", "symbol": "btc", "name": "Bitcoin"},
        {"coin": "chainlink", "symbol": "link", "name": "ChainLink Token", "addresses": [["ethereum", ADDRESS]]},
        stream="coins",
    )  # fmt: skip
    await market.post(
        "coinpaprika",
        quoted("btc-bitcoin", "BTC", "Bitcoin", "98410.25", "1950000000000", rank=1, volume_24h_usd="31000000000"),
        quoted("link-chainlink", "LINK", "Chainlink", "14.02", "9100000000", rank=12),
        quoted("gone-gonecoin", "GONE", "Gonecoin", "0.00000000000000000123", None),
    )
    await market.post(
        "coingecko",
        quoted("bitcoin", "btc", "Bitcoin", "98400.1234", "1951000000000", rank=1),
        quoted("chainlink", "link", "Chainlink", "15", "10500000000", rank=13),
        quoted("link-2", "link", "Link Two", "0.5", "1000", rank=900),
    )
    await market.post("csv", quoted("bitcoin", "BTC", "Bitcoin", "98500"), dataset="prices")
    await market.settle()


@contextmanager
def several_sources(server: Server, template: str) -> Iterator[str]:
    """The URL of a ledger that is filled so, and in which a suggestion waits for a person."""

    async def make(url: str) -> None:
        connection = await connect(url)
        await create_staging(connection)
        market = Market(Desk(connection), url)
        await fill(market)
        # Called the same and priced otherwise: a person has to say whether they are one.
        await market.post("coingecko", quoted("omega", "om", "Omega", "1", "1000000"))
        await market.post("coinpaprika", quoted("om-omega", "OM", "Omega", "30", "900000000"))
        await market.settle()
        await connection.close()

    with fresh_ledger(server, template) as url:
        asyncio.run(make(url))
        yield url
