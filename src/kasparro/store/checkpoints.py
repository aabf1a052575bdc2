"""Checkpoints: how far each stream of a source has been committed, and what it has brought in all."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from kasparro.store.connection import Connection


class Checkpoint(msgspec.Struct, frozen=True):
    """One stream's cursor and running totals. `updated_at` is when its last page became known (UTC)."""

    source: str
    stream: str
    cursor: dict[str, Any]
    updated_at: datetime
    loads: int
    seen: int
    new: int
    unchanged: int
    rejected: int


async def read_cursors(connection: Connection, source: str) -> dict[str, dict[str, Any]]:
    """stream -> cursor for one source."""
    cursor = await connection.execute("SELECT stream, cursor FROM checkpoints WHERE source = %s", (source,))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def save_cursor(connection: Connection, source: str, stream: str, cursor: dict[str, Any]) -> None:
    """Set the cursor of a stream that has a checkpoint, without a page."""
    await connection.execute(
        "UPDATE checkpoints SET cursor = %s WHERE source = %s AND stream = %s", (Jsonb(cursor), source, stream)
    )


async def list_checkpoints(connection: Connection) -> list[Checkpoint]:
    """All checkpoints, by source and stream."""
    columns = ", ".join(Checkpoint.__struct_fields__)
    async with connection.cursor(row_factory=class_row(Checkpoint)) as cursor:
        await cursor.execute(f"SELECT {columns} FROM checkpoints ORDER BY source, stream".encode())
        return await cursor.fetchall()
