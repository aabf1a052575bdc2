"""The ledger in numbers: totals by source, and when each last went well."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from kasparro.store.connection import Connection


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One source in numbers. `last_checkpoint` is when its last page was committed, `last_update` when one last
    brought something new, the others when its steps last ended so; all UTC. `quota_limit` is what the plan of this
    month's last call allows, None where there is no limit or was no call."""

    source: str
    total_records: int
    total_raw_records: int
    listings: int
    last_checkpoint: datetime | None
    last_update: datetime | None
    last_success: datetime | None
    last_failure: datetime | None
    open_rejections: int
    quota_used: int
    quota_limit: int | None


# Running totals, one index probe each: it costs the same however much the ledger holds.
_SOURCES = """
SELECT s.source, coalesce(c.quotes, 0)::bigint AS total_records, coalesce(c.seen, 0)::bigint AS total_raw_records,
       coalesce(n.listings, 0) AS listings,
       c.updated_at AS last_checkpoint,
       (SELECT known_at FROM loads l WHERE l.source = s.source AND new > 0
         ORDER BY load_id DESC LIMIT 1) AS last_update,
       (SELECT ended_at FROM etl_steps t WHERE t.source = s.source AND status = 'success'
         ORDER BY step_id DESC LIMIT 1) AS last_success,
       (SELECT ended_at FROM etl_steps t WHERE t.source = s.source AND status = 'failed'
         ORDER BY step_id DESC LIMIT 1) AS last_failure,
       (SELECT count(*) FROM rejections r WHERE r.source = s.source AND resolved_load_id IS NULL) AS open_rejections,
       coalesce(q.used, 0) AS quota_used, q.allowed AS quota_limit
  FROM unnest(%s::text[]) WITH ORDINALITY AS s (source, nth)
  LEFT JOIN (SELECT source, sum(quotes) AS quotes, sum(seen) AS seen, max(updated_at) AS updated_at
               FROM checkpoints GROUP BY source) c USING (source)
  LEFT JOIN (SELECT source, count(*) AS listings FROM latest_quotes WHERE NOT retracted GROUP BY source) n
       USING (source)
  LEFT JOIN quota q ON q.source = s.source AND q.month = date_trunc('month', now() AT TIME ZONE 'UTC')
 ORDER BY nth"""


async def summarise(connection: Connection, sources: Sequence[str]) -> list[SourceSummary]:
    """`sources` in numbers, in their order."""
    async with connection.cursor(row_factory=class_row(SourceSummary)) as cursor:
        await cursor.execute(_SOURCES, (list(sources),))
        return await cursor.fetchall()


async def runs_by_status(connection: Connection) -> dict[str, int]:
    """status -> how many runs."""
    cursor = await connection.execute("SELECT status, count(*) FROM etl_runs GROUP BY status")
    return {row[0]: row[1] for row in await cursor.fetchall()}
