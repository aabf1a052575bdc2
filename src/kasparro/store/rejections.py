"""Rejections and drift events: reading them, and resolving rejections."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from psycopg.rows import class_row

from kasparro.market.rejection import Rejection
from kasparro.store.connection import Connection


class KeptRejection(msgspec.Struct, frozen=True, kw_only=True):
    """One rejected record as it is kept. `times` counts how often the same record was rejected."""

    rejection_id: int
    source: str
    stream: str
    load_id: int
    ordinal: int
    reason: str
    detail: str
    record: str
    times: int
    known_at: datetime
    resolved_load_id: int | None


class KeptDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One drift event as it is kept: when it was first seen."""

    drift_id: int
    source: str
    stream: str
    field: str
    kind: str
    found: str
    confidence: Decimal | None
    required: bool
    load_id: int
    known_at: datetime


async def list_rejections(
    connection: Connection, *, source: str | None, include_resolved: bool, limit: int, before: int | None = None
) -> list[KeptRejection]:
    """The newest rejections, newest first, of one source or of all; those before the rejection `before`."""
    conditions = [
        *(["r.rejection_id < %(before)s"] if before is not None else []),
        *(["r.source = %(source)s"] if source else []),
        *([] if include_resolved else ["r.resolved_load_id IS NULL"]),
    ]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"""
        SELECT r.rejection_id, r.source, r.stream, r.load_id, r.ordinal, r.reason, r.detail, r.record, r.times,
               l.known_at, r.resolved_load_id
          FROM rejections r JOIN loads l USING (load_id) {where}
         ORDER BY r.rejection_id DESC LIMIT %(limit)s"""
    async with connection.cursor(row_factory=class_row(KeptRejection)) as cursor:
        await cursor.execute(statement.encode(), {"source": source, "limit": limit, "before": before})
        return await cursor.fetchall()


async def list_drift(
    connection: Connection, *, limit: int, source: str | None = None, before: int | None = None
) -> list[KeptDrift]:
    """The newest drift events, newest first, of one source or of all; those before the event `before`."""
    conditions = [
        *(["d.source = %(source)s"] if source else []),
        *(["d.drift_id < %(before)s"] if before is not None else []),
    ]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"""
        SELECT d.drift_id, d.source, d.stream, d.field, d.kind, d.found, d.confidence, d.required, d.load_id, l.known_at
          FROM drift_events d JOIN loads l USING (load_id) {where} ORDER BY drift_id DESC LIMIT %(limit)s"""
    async with connection.cursor(row_factory=class_row(KeptDrift)) as cursor:
        await cursor.execute(statement.encode(), {"limit": limit, "source": source, "before": before})
        return await cursor.fetchall()


async def resolve(connection: Connection, load: int, ordinals: Sequence[int], *, by: int) -> None:
    """Mark the rejections of `load` at `ordinals` as resolved by the load `by`."""
    await connection.execute(
        """UPDATE rejections SET resolved_load_id = %s
            WHERE load_id = %s AND ordinal = ANY(%s) AND resolved_load_id IS NULL""",
        (by, load, list(ordinals)),
    )


_COUNT_AGAIN = "UPDATE SET times = r.times + excluded.times, resolved_load_id = NULL"

_REJECT = """
INSERT INTO rejections AS r (source, stream, load_id, ordinal, reason, detail, record, record_sha256, times)
SELECT %s, %s, %s, min(ordinal), reason, min(detail), record, sha256(convert_to(record, 'UTF8')), count(*)
  FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) AS t (ordinal, reason, detail, record)
 GROUP BY reason, record
ON CONFLICT (source, stream, record_sha256, reason) DO """


async def reject(
    connection: Connection, source: str, stream: str, load: int, rejections: Sequence[Rejection],
    *, again: bool = True,
) -> None:  # fmt: skip
    """Keep `rejections` of load `load`, in the caller's transaction.

    A record that is kept already is counted `again` and open again, or with `again=False` left as it is.
    """
    if not rejections:
        return
    await connection.execute(
        (_REJECT + (_COUNT_AGAIN if again else "NOTHING")).encode(),
        (source, stream, load, [r.ordinal for r in rejections], [str(r.reason) for r in rejections],
         [storable(r.detail) for r in rejections], [storable(r.record) for r in rejections]),
    )  # fmt: skip


def storable(text: str) -> str:
    """`text` without what PostgreSQL's text can't hold; the payload keeps the bytes as they were."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


async def resolve_accepted(connection: Connection, sha256: bytes, rejected: Sequence[int], *, by: int) -> int:
    """Mark as resolved by the load `by` what is open of the payload `sha256` but not at the positions `rejected`."""
    cursor = await connection.execute(
        """UPDATE rejections r SET resolved_load_id = %s FROM loads l
            WHERE l.load_id = r.load_id AND l.sha256 = %s AND r.resolved_load_id IS NULL AND r.ordinal <> ALL(%s)""",
        (by, sha256, list(rejected)),
    )
    return cursor.rowcount
