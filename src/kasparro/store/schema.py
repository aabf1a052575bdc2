"""The schema: which revision the database has, and bringing it to the one that this version needs."""

from pathlib import Path

import psycopg

from kasparro.store.connection import Connection
from kasparro.store.errors import SchemaOutdated, explain

HEAD = "0001"
"""The newest revision in `migrations/versions`; a test holds the two together."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6B617370


async def revision(connection: Connection) -> str | None:
    """The revision that the database has, or None when it has no tables of ours."""
    try:
        cursor = await connection.execute("SELECT version_num FROM alembic_version")
        row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(row[0]) if row else None


async def require_schema(connection: Connection) -> None:
    """Return when the schema is the one needed; raises SchemaOutdated otherwise."""
    found = await revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SchemaOutdated(
            f"the database has schema {found}, newer than this version's {HEAD}", remedy="Upgrade Kasparro"
        )
    state = "no tables yet" if found is None else f"schema {found}"
    raise SchemaOutdated(f"the database has {state}", remedy="Run `kasparro db migrate`")


def migrate(url: str) -> None:
    """Bring the database at `url` to HEAD; one process at a time, others wait. Loads Alembic, half a second.

    Raises the typed errors of `store.errors`.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        with psycopg.connect(url, autocommit=True) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            config.attributes["url"] = url
            command.upgrade(config, "head")
    except psycopg.Error as error:
        raise explain(error) or error from None


async def make_partitions(connection: Connection) -> None:
    """Make the quote partitions of this month and the next, where they are missing."""
    await connection.execute("SELECT make_quote_partitions(1)")
