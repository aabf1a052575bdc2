"""Payloads: the kept bytes, and the loads that they came with."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
import zstandard
from psycopg.rows import class_row

from kasparro.errors import ExitCode, Fatal
from kasparro.store.connection import Connection


class PayloadDamaged(Fatal):
    """The kept bytes are not those that were kept."""

    exit_code = ExitCode.DATABASE


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal: a committed page, without its bytes. Times are UTC."""

    load_id: int
    known_at: datetime
    step_id: int
    source: str
    stream: str
    dataset: str
    kind: str
    parser: str
    sha256: bytes
    request: dict[str, Any]
    about: dict[str, Any]
    fetched_at: datetime
    simulated: bool
    refusal: str | None


COLUMNS = ", ".join(f"l.{name}" for name in Load.__struct_fields__)


async def read_payload(connection: Connection, sha256: bytes) -> bytes:
    """The bytes that have this SHA-256, as they came. Raises PayloadDamaged when they don't any more."""
    cursor = await connection.execute("SELECT body, size FROM payloads WHERE sha256 = %s", (sha256,), binary=True)
    row = await cursor.fetchone()
    if row is None:
        raise PayloadDamaged(f"the payload {sha256.hex()} is missing", remedy="Restore the database from a backup")
    try:
        body = zstandard.decompress(row[0], max_output_size=row[1])
    except zstandard.ZstdError:
        body = None
    if body is None or hashlib.sha256(body).digest() != sha256:
        raise PayloadDamaged(
            f"the payload {sha256.hex()} has other bytes than were kept",
            remedy="Restore the database from a backup",
        )
    return body


async def last_loads(connection: Connection, source: str) -> list[Load]:
    """For each request and payload kept from `source`, the last load that brought it, in arrival order; replays too.

    The last is enough to know the final state: whatever came between is overwritten by it again. The same bytes
    can say other things under another request (a file's rows without times have those of the file).
    """
    statement = f"""
        SELECT {COLUMNS} FROM loads l
          JOIN (SELECT max(load_id) AS load_id FROM loads WHERE source = %s AND kind = 'ingest'
                 GROUP BY sha256, stream, dataset, request
                UNION ALL
                SELECT load_id FROM loads WHERE source = %s AND kind = 'replay') last USING (load_id)
         ORDER BY load_id"""
    async with connection.cursor(row_factory=class_row(Load)) as cursor:
        await cursor.execute(statement.encode(), (source, source))
        return await cursor.fetchall()


async def loads_with_open_rejections(connection: Connection, source: str) -> list[tuple[Load, list[int]]]:
    """The loads of `source` that have rejections not resolved yet, newest first, with these records' ordinals."""
    statement = f"""
        SELECT {COLUMNS} FROM loads l
         WHERE source = %s AND EXISTS (SELECT FROM rejections r WHERE r.load_id = l.load_id
                                          AND resolved_load_id IS NULL)
         ORDER BY load_id DESC"""
    async with connection.cursor(row_factory=class_row(Load)) as cursor:
        await cursor.execute(statement.encode(), (source,))
        loads = await cursor.fetchall()
    rows = await connection.execute(
        """SELECT load_id, array_agg(ordinal ORDER BY ordinal) FROM rejections
            WHERE load_id = ANY(%s) AND resolved_load_id IS NULL GROUP BY load_id""",
        ([load.load_id for load in loads],),
    )
    ordinals = {row[0]: row[1] for row in await rows.fetchall()}
    return [(load, ordinals[load.load_id]) for load in loads]
