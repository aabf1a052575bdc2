"""Retention: the bodies of old payloads moved to files, checked, and brought back.

A body leaves the table in the transaction that writes where it is, after its file is on the disk: killed at any
instant, it is in one of the two places, or in both.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from kasparro.store.backup.file import sync_folder, typed_write_errors
from kasparro.store.connection import Connection
from kasparro.store.payloads import PayloadDamaged, place_of, read_packed, unpack

_BATCH = 50
_OLD = """
SELECT sha256, length(body)::bigint FROM payloads p
 WHERE body IS NOT NULL AND NOT EXISTS (SELECT FROM loads l WHERE l.sha256 = p.sha256 AND l.known_at >= %s)"""
_BODIES = "SELECT sha256, size, body FROM payloads WHERE sha256 = ANY(%s) AND body IS NOT NULL"
_MOVE = "UPDATE payloads SET body = NULL, moved_to = %s WHERE sha256 = ANY(%s) AND body IS NOT NULL"
_MOVED = "SELECT sha256, size, moved_to FROM payloads WHERE moved_to IS NOT NULL ORDER BY moved_to, sha256"
_BACK = "UPDATE payloads SET body = %b, moved_to = NULL WHERE sha256 = %s"
_HELD = "SELECT count(*), coalesce(sum(length(body)), 0)::bigint FROM payloads WHERE body IS NOT NULL"

_RESTORE = "Restore that file from a backup"

Tell = Callable[[int, int], None]
"""Reports payloads done, and how many there are."""


class Held(msgspec.Struct, frozen=True):
    """How many bodies the table holds, and the bytes of all of them as they are kept."""

    payloads: int
    bytes: int


class Outcome(msgspec.Struct, frozen=True):
    """How many bodies were moved, brought back or found good, their bytes as kept, and what is wrong with others."""

    payloads: int
    bytes: int
    faults: list[str]


async def held(connection: Connection) -> Held:
    """What the table holds now."""
    row = await (await connection.execute(_HELD)).fetchone()
    assert row is not None
    return Held(*row)


async def old_payloads(connection: Connection, before: datetime) -> list[tuple[bytes, int]]:
    """The payloads in the table that no load has brought since `before` (aware), with their bytes as kept."""
    cursor = await connection.execute(_OLD, (before,), binary=True)
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def move_payloads(connection: Connection, chosen: Sequence[bytes], folder: Path, tell: Tell) -> Outcome:
    """Move the bodies of the payloads `chosen` to files below `folder` (absolute); a damaged one stays where it is.

    Raises DiskFull and Unwritable; what was moved until then is moved.
    """
    moved = size = 0
    faults: list[str] = []
    for start in range(0, len(chosen), _BATCH):
        cursor = await connection.execute(_BODIES, (list(chosen[start : start + _BATCH]),), binary=True)
        written, wrong = await asyncio.to_thread(_write, await cursor.fetchall(), folder)
        faults += wrong
        changed = await connection.execute(_MOVE, (str(folder), list(written)))
        moved += changed.rowcount
        size += sum(written.values())
        tell(min(start + _BATCH, len(chosen)), len(chosen))
    if moved:
        await connection.execute("VACUUM payloads")
    return Outcome(moved, size, faults)


async def check_moved(connection: Connection, tell: Tell) -> Outcome:
    """Read every file of a moved payload, and compare it with its SHA-256."""
    return await _each_moved(connection, None, tell, back=False)


async def bring_back(connection: Connection, folder: Path | None, tell: Tell) -> Outcome:
    """Put all moved bodies back into the table, from `folder` or from where they were moved to; the files stay."""
    return await _each_moved(connection, folder, tell, back=True)


async def _each_moved(connection: Connection, folder: Path | None, tell: Tell, *, back: bool) -> Outcome:
    rows = await (await connection.execute(_MOVED, binary=True)).fetchall()
    good = total = 0
    faults: list[str] = []
    for done, (sha256, size, moved_to) in enumerate(rows, 1):
        try:
            packed = await asyncio.to_thread(_read_checked, folder or Path(moved_to), size, sha256)
        except PayloadDamaged as error:
            faults.append(str(error))
            continue
        if back:
            await connection.execute(_BACK, (packed, sha256))
        good += 1
        total += len(packed)
        tell(done, len(rows))
    return Outcome(good, total, faults)


def _read_checked(folder: Path, size: int, sha256: bytes) -> bytes:
    packed = read_packed(folder, sha256)
    unpack(packed, size, sha256, _RESTORE, f" in {place_of(folder, sha256)}")
    return packed


def _write(rows: Sequence[tuple[bytes, int, bytes]], folder: Path) -> tuple[dict[bytes, int], list[str]]:
    """Write these bodies, and have them on the disk; those written with their bytes, and what is wrong with others."""
    written: dict[bytes, int] = {}
    faults = []
    for sha256, size, packed in rows:
        try:
            unpack(packed, size, sha256, "Restore the database from a backup")
        except PayloadDamaged as error:
            faults.append(str(error))
            continue
        with typed_write_errors(folder):
            _write_one(place_of(folder, sha256), packed, size, sha256)
        written[sha256] = len(packed)
    with typed_write_errors(folder):
        for below in {place_of(folder, sha256).parent for sha256 in written}:
            sync_folder(below)
        if written:
            sync_folder(folder)
            sync_folder(folder.parent)
    return written, faults


def _write_one(path: Path, packed: bytes, size: int, sha256: bytes) -> None:
    try:
        _read_checked(path.parents[1], size, sha256)
        return  # of an attempt that was cut off, or of another ledger's
    except PayloadDamaged:
        path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with coming.open("wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        coming.replace(path)
    finally:
        coming.unlink(missing_ok=True)
