"""The month quota: calls are counted before they are sent, so a crash never hides one."""

from kasparro.store.connection import Connection

_SPEND = """
INSERT INTO quota AS q (source, month, used, allowed)
VALUES (%(source)s, date_trunc('month', now() AT TIME ZONE 'UTC'), 1, %(limit)s)
ON CONFLICT (source, month) DO UPDATE SET used = q.used + 1, allowed = excluded.allowed
 WHERE %(limit)s::int IS NULL OR q.used < %(limit)s
RETURNING used"""


async def spend(connection: Connection, source: str, limit: int | None) -> bool:
    """Count one call of this month (UTC); False, and nothing counted, when `limit` calls are already used."""
    cursor = await connection.execute(_SPEND, {"source": source, "limit": limit})
    return await cursor.fetchone() is not None


async def used_this_month(connection: Connection) -> dict[str, int]:
    """source -> calls sent in this month (UTC)."""
    cursor = await connection.execute(
        "SELECT source, used FROM quota WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')"
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}
