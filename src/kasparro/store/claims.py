"""Claims: one run at a time per source, across processes and machines.

A claim is a session advisory lock on the connection that writes the pages: losing one loses both, so no
heartbeat is needed, and whoever gets it knows that the former holder is gone.
"""

import zlib
from contextlib import suppress

import psycopg

from kasparro.store.connection import Connection

_SPACE = 0x6B61  # keeps our locks apart from those of other programs in the same database

_CLOSE_STEPS = """
UPDATE etl_steps SET status = 'interrupted', ended_at = clock_timestamp(),
       error = %s, remedy = 'The next run goes on where this one ended'
 WHERE source = %s AND status = 'running'"""

_CLOSE_RUNS = """
UPDATE etl_runs r SET status = 'interrupted', ended_at = clock_timestamp()
 WHERE %s = ANY(sources) AND status = 'running'
   AND NOT EXISTS (SELECT FROM etl_steps s WHERE s.run_id = r.run_id AND s.status = 'running')
RETURNING run_id"""


async def claim(connection: Connection, source: str) -> bool:
    """Try to claim `source` for as long as `connection` lives; False when another holds it."""
    cursor = await connection.execute(
        "SELECT pg_try_advisory_lock(%s, %s)", (_SPACE, zlib.crc32(source.encode()) - 2**31)
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def release(connection: Connection) -> None:
    """Close `connection` and give its claims back at once: its session may outlive it on the server for a moment."""
    with suppress(psycopg.Error):
        await connection.execute("SELECT pg_advisory_unlock_all()")
    await connection.close()


async def close_orphans(
    connection: Connection, source: str, *, why: str = "the process ended without a word"
) -> list[int]:
    """Close as interrupted what is open for `source`, whose claim must be held; the closed runs' ids.

    A run whose process died between its last step's end and its own has no open step, but is open as well.
    """
    async with connection.transaction():
        await connection.execute(_CLOSE_STEPS, (why, source))
        cursor = await connection.execute(_CLOSE_RUNS, (source,))
        return [row[0] for row in await cursor.fetchall()]


async def holder(connection: Connection, source: str) -> int | None:
    """The run that is working on `source`, if any says so."""
    cursor = await connection.execute(
        "SELECT max(run_id) FROM etl_steps WHERE source = %s AND status = 'running'", (source,)
    )
    row = await cursor.fetchone()
    return row[0] if row else None
