"""The one place where settings become databases, clients and sources.

Lives here: building things from settings, in the order in which they need each other.
May not live here: what these things do.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from kasparro.config import Settings
from kasparro.postgres.sharing import shared_server
from kasparro.sources import coingecko, coinpaprika
from kasparro.sources.client import PoliteClient, Spend
from kasparro.sources.contract import Source
from kasparro.sources.csv.source import CsvSource
from kasparro.sources.politeness import Politeness
from kasparro.store import quota
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, SchemaOutdated
from kasparro.store.schema import migrate, require_schema


class Database(msgspec.Struct, frozen=True):
    """Where the ledger is. `embedded` when the server is ours."""

    url: str
    embedded: bool


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The ledger's database: that of DATABASE_URL, or the embedded server for as long as the block lasts.

    Raises the typed errors of `postgres.errors`.
    """
    if settings.database_url:
        yield Database(settings.database_url.get_secret_value(), embedded=False)
        return
    with shared_server(settings.kasparro_home) as server:
        yield Database(server.url, embedded=True)


async def ensure_schema(database: Database) -> None:
    """Bring an embedded database to this version's schema; of any other one only require it.

    Raises SchemaOutdated and DatabaseUnavailable.
    """
    connection = await connect(database.url)
    try:
        await require_schema(connection)
    except SchemaOutdated:
        if not database.embedded:
            raise
        migrate(database.url)
    finally:
        await connection.close()


@asynccontextmanager
async def open_sources(
    settings: Settings, database: Database, names: tuple[str, ...]
) -> AsyncIterator[list[Source]]:
    """The sources called `names`, ready to plan and fetch; their calls are counted in the ledger's quota."""
    counter = _QuotaCounter(database.url)
    try:
        yield [_BUILDERS[name](settings, counter.spend) for name in names]
    finally:
        await counter.close()


class _QuotaCounter:
    """Counts calls on a connection of its own, made anew when the database went away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    async def spend(self, source: str, limit: int | None) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url)
            # A call lost from the count when the whole server crashes matters less than a disk sync a call.
            await self._connection.execute("SET synchronous_commit = off")
        try:
            return await quota.spend(self._connection, source, limit)
        except DatabaseError:
            await self._connection.close()
            raise

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


def _client(
    settings: Settings, name: str, plan: Politeness, root: Any, key: Any, spend: Spend
) -> PoliteClient:
    if root is not None:
        # Another host than the provider's own (a proxy, the sandbox) doesn't use up the plan's month.
        plan = msgspec.structs.replace(plan, root=str(root), month_quota=None)
    return PoliteClient(
        name,
        plan,
        cap=(settings.etl_rate_limit_requests, settings.etl_rate_limit_period),
        key=key.get_secret_value() if key else None,
        spend=spend,
        time_budget=settings.etl_time_budget,
    )


def _coingecko(settings: Settings, spend: Spend) -> Source:
    plan = coingecko.PLANS[settings.plan]
    client = _client(
        settings, "coingecko", plan, settings.coingecko_base_url, settings.coingecko_api_key, spend
    )
    return coingecko.CoinGecko(client, max_coins=settings.coingecko_max_coins)


def _coinpaprika(settings: Settings, spend: Spend) -> Source:
    plan = coinpaprika.PLANS["paid" if settings.coinpaprika_api_key else "free"]
    client = _client(
        settings, "coinpaprika", plan, settings.coinpaprika_base_url, settings.coinpaprika_api_key, spend
    )
    return coinpaprika.CoinPaprika(client, max_coins=settings.coinpaprika_max_coins)


def _csv(settings: Settings, spend: Spend) -> Source:
    return CsvSource(settings.csv_pattern, batch_size=settings.etl_batch_size)


_BUILDERS = {"coinpaprika": _coinpaprika, "coingecko": _coingecko, "csv": _csv}
