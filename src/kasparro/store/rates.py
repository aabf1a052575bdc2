"""Rate windows: how many requests each client has sent, counted once for all workers."""

from collections.abc import Mapping

import msgspec

from kasparro.store.connection import Connection

_SPEND = """
INSERT INTO rate_windows AS w (client, started_at, used)
SELECT client, now(), used FROM unnest(%(clients)s::text[], %(counts)s::int[]) AS t (client, used) ORDER BY client
ON CONFLICT (client) DO UPDATE
   SET started_at = CASE WHEN w.started_at > now() - %(period)s::interval THEN w.started_at ELSE now() END,
       used = CASE WHEN w.started_at > now() - %(period)s::interval THEN least(w.used + excluded.used, 1000000000)
                   ELSE excluded.used END
RETURNING client, used, extract(epoch FROM started_at + %(period)s::interval - now())::float"""


class Window(msgspec.Struct, frozen=True):
    """A client's window: requests counted in it so far, and the seconds until the next one begins."""

    used: int
    resets_in: float


async def spend_requests(connection: Connection, counts: Mapping[str, int], period: float) -> dict[str, Window]:
    """Count `counts` requests per client; each client's window after that.

    A window begins with a client's first request and lasts `period` seconds. Clients are taken in one order, so
    that two workers never wait for each other.
    """
    cursor = await connection.execute(
        _SPEND,
        {"clients": list(counts), "counts": list(counts.values()), "period": _interval(period)},
        prepare=True,
    )
    return {client: Window(used, resets_in) for client, used, resets_in in await cursor.fetchall()}


async def forget_windows(connection: Connection, period: float) -> None:
    """Remove the windows that ended long ago."""
    await connection.execute(
        "DELETE FROM rate_windows WHERE started_at < now() - 2 * %s::interval", (_interval(period),)
    )


def _interval(seconds: float) -> str:
    return f"{seconds} s"
