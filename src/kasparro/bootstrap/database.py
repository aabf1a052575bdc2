"""The ledger's database, as the settings have it."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from kasparro.config import Settings
from kasparro.postgres.sharing import shared_server
from kasparro.store.connection import connect
from kasparro.store.errors import SchemaOutdated
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
