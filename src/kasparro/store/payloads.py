"""Payloads: the kept bytes, in the table or moved to files, and the loads that they came with."""

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from psycopg.rows import class_row

from kasparro.errors import ExitCode, Fatal
from kasparro.store.connection import Connection


class PayloadDamaged(Fatal):
    """The kept bytes are not those that were kept."""

    exit_code = ExitCode.DATABASE


class PayloadMissing(PayloadDamaged):
    """The bytes were moved to a file, and it can't be read from here."""

    exit_code = ExitCode.INPUT


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
    """The bytes that have this SHA-256, as they came, wherever they are kept.

    Raises PayloadDamaged when they aren't those any more, PayloadMissing when their file isn't there.
    """
    cursor = await connection.execute(
        "SELECT body, size, moved_to FROM payloads WHERE sha256 = %s", (sha256,), binary=True
    )
    row = await cursor.fetchone()
    if row is None:
        raise PayloadDamaged(f"the payload {sha256.hex()} is missing", remedy="Restore the database from a backup")
    packed, size, moved_to = row
    if packed is not None:
        return unpack(packed, size, sha256, "Restore the database from a backup")
    return await asyncio.to_thread(read_moved, Path(moved_to), size, sha256)


def unpack(packed: bytes, size: int, sha256: bytes, remedy: str, where: str = "") -> bytes:
    """The bytes that `packed` was made of. Raises PayloadDamaged when their SHA-256 isn't `sha256`."""
    try:
        body = zstandard.decompress(packed, max_output_size=size)
    except zstandard.ZstdError:
        body = None
    if body is None or hashlib.sha256(body).digest() != sha256:
        raise PayloadDamaged(f"the payload {sha256.hex()}{where} has other bytes than were kept", remedy=remedy)
    return body


def place_of(folder: Path, sha256: bytes) -> Path:
    """The file of a payload that was moved to `folder`."""
    name = sha256.hex()
    return folder / name[:2] / f"{name}.zst"


def read_packed(folder: Path, sha256: bytes) -> bytes:
    """What the file of a moved payload holds. Raises PayloadMissing."""
    try:
        return place_of(folder, sha256).read_bytes()
    except OSError as error:
        raise PayloadMissing(
            f"the payload {sha256.hex()} was moved to {place_of(folder, sha256)}, which can't be read:"
            f" {error.strerror or error}",
            remedy=f"Bring the folder {folder} back, from a backup of it if need be",
        ) from None


def read_moved(folder: Path, size: int, sha256: bytes) -> bytes:
    """The bytes of a moved payload. Raises PayloadMissing and PayloadDamaged."""
    where = f" in {place_of(folder, sha256)}"
    return unpack(read_packed(folder, sha256), size, sha256, "Restore that file from a backup", where)


async def payloads_elsewhere(connection: Connection) -> dict[str, int]:
    """folder -> how many payload bodies were moved to it."""
    cursor = await connection.execute(
        "SELECT moved_to, count(*) FROM payloads WHERE moved_to IS NOT NULL GROUP BY moved_to ORDER BY moved_to"
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


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
