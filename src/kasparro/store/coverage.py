"""Coverage: what came in on each day from each source."""

from datetime import date, datetime

import msgspec
from psycopg.rows import class_row

from kasparro.store.connection import Connection


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One source's records of one day (UTC) by when they became known: `seen` is new + unchanged + rejected. `loads`
    are its pages, `refused` those of them that were no data."""

    source: str
    day: date
    loads: int
    refused: int
    seen: int
    new: int
    unchanged: int
    rejected: int


# The index over known_at finds the days' pages; a page is one row however many records it has.
_DAYS = """
SELECT source, (known_at AT TIME ZONE 'UTC')::date AS day, count(*) AS loads, count(refusal) AS refused,
       sum(seen)::bigint AS seen, sum(new)::bigint AS new, sum(unchanged)::bigint AS unchanged,
       sum(rejected)::bigint AS rejected
  FROM loads WHERE known_at >= %s AND kind = 'ingest'
 GROUP BY 1, 2 ORDER BY 1, 2"""


async def read_coverage(connection: Connection, since: datetime) -> list[Day]:
    """The days from `since` (UTC) on, by source and day; days without a page are left out."""
    async with connection.cursor(row_factory=class_row(Day)) as cursor:
        await cursor.execute(_DAYS, (since,))
        return await cursor.fetchall()
