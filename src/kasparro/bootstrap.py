"""The one place where settings become databases, clients and sources.

Lives here: building things from settings, in the order in which they need each other.
May not live here: what these things do.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import msgspec

from kasparro.config import SettingError, Settings
from kasparro.postgres.sharing import shared_server
from kasparro.sources.client import PoliteClient, Spend
from kasparro.sources.contract import Source
from kasparro.sources.politeness import Politeness
from kasparro.sources.registry import builders
from kasparro.store import quota
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, SchemaOutdated
from kasparro.store.schema import migrate, require_schema


class Database(msgspec.Struct, frozen=True):
    """Where the ledger is. `embedded` when the server is ours; `tcp_url`, with a password, where it was asked for."""

    url: str
    embedded: bool
    tcp_url: str | None = None


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The ledger's database: that of DATABASE_URL, or the embedded server for as long as the block lasts.

    Raises the typed errors of `postgres.errors`.
    """
    if settings.database_url:
        yield Database(settings.database_url.get_secret_value(), embedded=False)
        return
    with shared_server(settings.kasparro_home, tcp_port=settings.kasparro_db_port) as server:
        yield Database(server.url, embedded=True, tcp_url=server.tcp_url)


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
async def open_sources(settings: Settings, database: Database, names: tuple[str, ...]) -> AsyncIterator[list[Source]]:
    """The sources called `names`, ready to plan and fetch; their calls are counted in the ledger's quota."""
    counter = _QuotaCounter(database.url)
    try:
        client = partial(_client, settings, counter.spend)
        yield [builders()[name](settings, client) for name in names]
    finally:
        await counter.close()


class _QuotaCounter:
    """Counts calls on a connection of its own, made anew when the database went away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def spend(self, source: str, limit: int | None) -> bool:
        async with self._one_at_a_time:
            return await self._spend(source, limit)

    async def _spend(self, source: str, limit: int | None) -> bool:
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


def source_names(settings: Settings) -> tuple[str, ...]:
    """The sources that ETL_SOURCES names, or all there are. Raises SettingError for one that there isn't."""
    return known_sources(settings.etl_sources or tuple(builders()), "ETL_SOURCES")


def known_sources(names: Sequence[str], given_by: str) -> tuple[str, ...]:
    """`names` without repetition. Raises SettingError, naming `given_by`, for one that there isn't."""
    for name in names:
        if name not in builders():
            raise SettingError(f"{given_by}={name!r} is not accepted: any of {', '.join(builders())}")
    return tuple(dict.fromkeys(names))


def _client(settings: Settings, spend: Spend, name: str, plan: Politeness) -> PoliteClient:
    mine = settings.provider(name)
    if mine.base_url is not None:
        # Another host than the provider's own (a proxy, the sandbox) doesn't use up the plan's month.
        plan = msgspec.structs.replace(plan, root=str(mine.base_url), month_quota=None)
    return PoliteClient(
        name,
        plan,
        cap=(settings.etl_rate_limit_requests, settings.etl_rate_limit_period),
        key=mine.api_key.get_secret_value() if mine.api_key else None,
        spend=spend,
        time_budget=settings.etl_time_budget,
    )
