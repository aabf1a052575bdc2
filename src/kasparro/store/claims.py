"""Claims: one run at a time per source, across processes and machines.

A claim is a session advisory lock on the connection that writes the pages: losing one loses both, so no
heartbeat is needed, and whoever gets it knows that the former holder is gone.
"""

import zlib
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from kasparro.store.connection import Connection

_SPACE = 0x6B61  # keeps our locks apart from those of other programs in the same database

_CLOSE_STEPS = """
UPDATE etl_steps SET status = 'interrupted', ended_at = clock_timestamp(),
       error = 'the process ended without a word', remedy = 'The next run goes on where this one ended'
 WHERE source = %s AND status = 'running'"""

_CLOSE_RUNS = """
UPDATE etl_runs r SET status = 'interrupted', ended_at = clock_timestamp()
 WHERE %s = ANY(sources) AND status = 'running'
   AND NOT EXISTS (SELECT FROM etl_steps s WHERE s.run_id = r.run_id AND s.status = 'running')
RETURNING run_id"""

_OPEN_SOURCES = """
SELECT DISTINCT unnest(sources) FROM etl_runs WHERE status = 'running'
 UNION SELECT source FROM etl_steps WHERE status = 'running' ORDER BY 1"""

# As `pg_locks` shows two-part advisory locks: the parts as unsigned numbers, 2 in the last column.
_HELD = """
SELECT objid::bigint FROM pg_locks
 WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s AND objid::bigint = ANY(%s)
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def _key(source: str) -> int:
    return zlib.crc32(source.encode()) - 2**31


async def claim(connection: Connection, source: str) -> bool:
    """Try to claim `source` for as long as `connection` lives; False when another holds it."""
    return await _take(connection, "SELECT pg_try_advisory_lock(%s, %s)", source)


async def claimed(connection: Connection, sources: Sequence[str]) -> set[str]:
    """Those of `sources` that somebody holds now."""
    by_key = {_key(source) % 2**32: source for source in sources}
    cursor = await connection.execute(_HELD, (_SPACE, list(by_key)))
    return {by_key[row[0]] for row in await cursor.fetchall()}


async def release(connection: Connection) -> None:
    """Close `connection` and give its claims back at once: its session may outlive it on the server for a moment."""
    try:
        with suppress(psycopg.Error):
            await connection.execute("SELECT pg_advisory_unlock_all()")
    finally:
        await connection.close()


async def close_orphans(connection: Connection, source: str) -> list[int]:
    """Close as interrupted what is open for `source`, whose claim must be held; the closed runs' ids.

    A run whose process died between its last step's end and its own has no open step, but is open as well.
    """
    async with connection.transaction():
        await connection.execute(_CLOSE_STEPS, (source,))
        cursor = await connection.execute(_CLOSE_RUNS, (source,))
        return [row[0] for row in await cursor.fetchall()]


async def close_all_orphans(connection: Connection) -> list[int]:
    """Close as interrupted what processes that are gone left open, of any source; the closed runs' ids."""
    cursor = await connection.execute(_OPEN_SOURCES)
    closed: list[int] = []
    for (source,) in await cursor.fetchall():
        async with connection.transaction():
            # Held to the end of the transaction only: nobody is kept from a source for longer than that.
            if await _take(connection, "SELECT pg_try_advisory_xact_lock(%s, %s)", source):
                closed += await close_orphans(connection, source)
    return closed


async def holder(connection: Connection, source: str) -> int | None:
    """The run that is working on `source`, if any says so."""
    cursor = await connection.execute(
        "SELECT max(run_id) FROM etl_steps WHERE source = %s AND status = 'running'", (source,)
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def _take(connection: Connection, statement: str, source: str) -> bool:
    row = await (await connection.execute(statement.encode(), (_SPACE, _key(source)))).fetchone()
    return bool(row and row[0])
