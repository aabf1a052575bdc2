"""What lies where a backup should go, and taking it away."""

import msgspec
import psycopg
from psycopg import sql

from kasparro.errors import ExitCode, Fatal
from kasparro.store.backup.snapshot import known_names, ledger_revision
from kasparro.store.connection import Connection
from kasparro.store.schema import revision

_PATIENCE = "30s"
_IS_USED = """
SELECT l.version, l.known_at, coalesce((SELECT sum(quotes) FROM checkpoints), 0)::bigint,
       l.version > 0 OR EXISTS (SELECT FROM etl_runs) OR EXISTS (SELECT FROM api_keys)
       OR EXISTS (SELECT FROM verdicts)
  FROM ledger l"""
_IS_USED_BEFORE = """
SELECT version, known_at, (SELECT count(*) FROM quotes), version > 0 OR EXISTS (SELECT FROM etl_runs) FROM ledger"""
_REVOKED = "SELECT key_id, revoked_at FROM api_keys WHERE revoked_at IS NOT NULL"
_REVOKE = "UPDATE api_keys SET revoked_at = %s WHERE key_id = %s AND revoked_at IS NULL"


class NotEmpty(Fatal):
    """There is a ledger where the backup should go."""

    exit_code = ExitCode.USAGE


class InTheWay(Fatal):
    """Something hangs on the former ledger, or somebody reads it without end."""

    exit_code = ExitCode.DATABASE


class Former(msgspec.Struct, frozen=True):
    """A ledger that is there and not empty: its version, when that became known, and its quotes."""

    version: int
    known_at: object
    quotes: int


async def former_ledger(connection: Connection) -> Former | None:
    """The ledger that is there, None when there is none or nothing is in it. Raises SchemaOutdated for a newer one."""
    if await revision(connection) is None:
        return None
    schema = await ledger_revision(connection)
    cursor = await connection.execute(_IS_USED if schema >= "0003" else _IS_USED_BEFORE)
    row = await cursor.fetchone()
    return Former(*row[:3]) if row and row[3] else None


async def revoked_keys(connection: Connection, schema: str | None) -> list[tuple[str, object]]:
    """The keys that were made useless, with when, in the ledger of revision `schema`."""
    if schema is None or schema < "0002":
        return []
    return [(row[0], row[1]) for row in await (await connection.execute(_REVOKED)).fetchall()]


async def revoke_again(connection: Connection, keys: list[tuple[str, object]]) -> int:
    """Make the same keys useless in the ledger that is there now; how many it thought good."""
    changed = 0
    for key_id, revoked_at in keys:
        changed += (await connection.execute(_REVOKE, (revoked_at, key_id))).rowcount
    return changed


async def take_away(connection: Connection) -> None:
    """Drop the ledger that is there, and nothing else, in the caller's transaction. Raises InTheWay."""
    await connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'".encode())
    try:
        for kind in ("VIEW", "TABLE", "FUNCTION"):
            names = sql.SQL(", ").join(map(sql.Identifier, known_names(kind)))
            await connection.execute(sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(kind), names))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise InTheWay(
            f"something else hangs on the ledger: {error.diag.message_detail or error}".splitlines()[0],
            remedy="Drop that first, and make it again afterwards",
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise InTheWay(
            f"somebody has been reading the ledger for more than {_PATIENCE}",
            remedy="End that reader, such as another backup, and run the command again",
        ) from error
