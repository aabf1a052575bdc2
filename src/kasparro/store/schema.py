"""The schema: which revision the database has, and bringing it to the one that this version needs."""

from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from kasparro.store.connection import Connection, unreachable, unreadable
from kasparro.store.errors import SchemaOutdated, explain

HEAD = "0006"
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
    except psycopg.Error as error:
        raise explain(error) or error from error
    return str(row[0]) if row else None


async def require_schema(connection: Connection) -> None:
    """Return when the schema is the one needed; raises SchemaOutdated otherwise."""
    found = await revision(connection)
    if found == HEAD:
        return
    _refuse_newer(found)
    state = "no tables yet" if found is None else f"schema {found}"
    raise SchemaOutdated(f"the database has {state}", remedy="Run `kasparro db migrate`")


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > HEAD:
        raise SchemaOutdated(
            f"the database has schema {found}, newer than this version's {HEAD}", remedy="Upgrade Kasparro"
        )


def migrate(url: str) -> None:
    """Bring the database at `url` to HEAD; one process at a time, others wait. Loads Alembic, half a second.

    Raises the typed errors of `store.errors`.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        guard = psycopg.connect(url, autocommit=True)
    except psycopg.ProgrammingError:
        raise unreadable() from None
    except psycopg.Error as error:
        raise unreachable(error) from None
    try:
        with guard:
            guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            _refuse_newer(_revision_now(guard))
            config.attributes["url"] = url
            command.upgrade(config, "head")
    except psycopg.Error as error:
        raise explain(error) or error from None
    except DBAPIError as error:
        cause = error.orig
        raise (explain(cause) if isinstance(cause, psycopg.Error) else None) or error from None


async def upgrade_within(connection: Connection) -> str | None:
    """Bring the ledger to HEAD in the caller's transaction; the new revision, or None when it is HEAD already.

    Every revision is a file of SQL, which is all that Alembic runs of it.
    """
    found = await revision(connection)
    files = sorted((_MIGRATIONS / "versions").glob("[0-9]*.sql"))
    newer = [file for file in files if file.name[:4] > (found or HEAD)]
    for file in newer:
        await connection.execute(file.read_bytes())
        await connection.execute("UPDATE alembic_version SET version_num = %s", (file.name[:4],))
    return newer[-1].name[:4] if newer else None


def _revision_now(connection: psycopg.Connection[TupleRow]) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(row[0]) if row else None


async def make_partitions(connection: Connection) -> None:
    """Make the quote partitions of this month and the next, where they are missing; one process at a time."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute("SELECT make_quote_partitions(1)")
