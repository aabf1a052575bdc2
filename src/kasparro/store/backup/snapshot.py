"""What a backup looks at: one moment of the ledger, held while others go on writing."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg

import kasparro.store.migrations
from kasparro.errors import ExitCode, Fatal
from kasparro.store.connection import Connection
from kasparro.store.errors import SchemaOutdated
from kasparro.store.schema import HEAD, make_partitions, revision

_REVISIONS = Path(kasparro.store.migrations.__file__).parent / "versions"
_RELATIONS = """
SELECT c.relname, c.relkind, c.relpersistence FROM pg_class c
 WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'ledger'::regclass)
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition ORDER BY 1"""


class NoLedger(Fatal):
    """The database has no ledger."""

    exit_code = ExitCode.DATABASE


def known_names(kind: str) -> list[str]:
    """The names of the ledger's objects of a kind (TABLE, VIEW, FUNCTION), as the migrations make them."""
    made = re.compile(rf"^CREATE (?:OR REPLACE )?(?:UNLOGGED )?{kind} (\w+)", re.MULTILINE)
    found = {name for file in _REVISIONS.glob("*.sql") for name in made.findall(file.read_text())}
    return sorted(found | ({"alembic_version"} if kind == "TABLE" else set()))


async def ledger_revision(connection: Connection) -> str:
    """The revision of the ledger that is there. Raises NoLedger, and SchemaOutdated for one of a later version."""
    found = await revision(connection)
    if found is None:
        raise NoLedger("the database has no ledger", remedy="Run `kasparro db migrate`, or check DATABASE_URL")
    if found > HEAD:
        raise SchemaOutdated(
            f"the database has schema {found}, newer than this version's {HEAD}", remedy="Upgrade Kasparro"
        )
    return found


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[str]:
    """The name under which others see the ledger as this connection does for as long as the block lasts."""
    # A run that needs a new month would wait for the backup to end, and readers behind it; so there is one before.
    # Who may only read can't make it, and takes that chance.
    with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        await make_partitions(connection)
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
        assert row is not None
        yield str(row[0])


async def namespace_of(connection: Connection) -> str:
    """The PostgreSQL schema that the ledger's tables lie in."""
    cursor = await connection.execute(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'ledger'::regclass"
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def foreign_relations(connection: Connection) -> list[str]:
    """Tables and views beside the ledger's that other programs have put there."""
    ours = {*known_names("TABLE"), *known_names("VIEW")}
    cursor = await connection.execute(_RELATIONS)
    return [row[0] for row in await cursor.fetchall() if row[0] not in ours]


async def count_rows(connection: Connection) -> dict[str, int]:
    """table -> rows, of all tables of the ledger that outlive a crash."""
    ours = set(known_names("TABLE"))
    found = await (await connection.execute(_RELATIONS)).fetchall()
    counted = {}
    for name, kind, persistence in found:
        if name in ours and kind in ("r", "p") and persistence == "p":
            row = await (await connection.execute(f'SELECT count(*) FROM "{name}"'.encode())).fetchone()
            assert row is not None
            counted[str(name)] = int(row[0])
    return counted
