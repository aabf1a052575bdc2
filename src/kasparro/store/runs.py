"""Runs and their steps: opening, closing, listing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from kasparro.store.connection import Connection


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One source's part of a run, with its balance. Times are UTC, `seconds` the time spent per phase."""

    run_id: int
    step_id: int
    source: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    requests: int
    retries: int
    duplicates: int
    seconds: dict[str, float]
    error: str | None
    remedy: str | None
    notes: list[str]
    seen: int
    new: int
    unchanged: int
    rejected: int
    retracted: int
    loads: int
    simulated: bool


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One ETL run. `steps` is filled where it was asked for."""

    run_id: int
    kind: str
    status: str
    sources: list[str]
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    host: str
    pid: int
    steps: list[Step] = []


_OPEN_RUN = """
INSERT INTO etl_runs (kind, status, sources, started_at, host, pid)
VALUES (%s, 'running', %s, clock_timestamp(), %s, %s) RETURNING run_id"""
_OPEN_STEP = "INSERT INTO etl_steps (run_id, source, status) VALUES (%s, %s, 'running') RETURNING step_id"
_CLOSE_STEP = """
UPDATE etl_steps SET status = %s, ended_at = clock_timestamp(), requests = %s, retries = %s,
       duplicates = %s, seconds = %s, error = %s, remedy = %s, notes = %s
 WHERE step_id = %s"""
_CLOSE_RUN = "UPDATE etl_runs SET status = %s, ended_at = clock_timestamp() WHERE run_id = %s"

_RUN_COLUMNS = "run_id, kind, status, sources, requested_at, started_at, ended_at, host, pid"
_STEP_COLUMNS = ", ".join(Step.__struct_fields__)


async def open_run(
    connection: Connection, *, kind: str, sources: Sequence[str], host: str, pid: int
) -> tuple[int, dict[str, int]]:
    """Begin a run with a running step for each of `sources`; its id, and source -> step id.

    The claims on all the sources must be held, so that nobody takes the new steps for orphans.
    """
    async with connection.transaction():
        run_id = await _returned(connection, _OPEN_RUN, (kind, list(sources), host, pid))
        steps = {source: await _returned(connection, _OPEN_STEP, (run_id, source)) for source in sources}
    return run_id, steps


async def close_step(
    connection: Connection,
    step_id: int,
    *,
    status: str,
    requests: int = 0,
    retries: int = 0,
    duplicates: int = 0,
    seconds: Mapping[str, float],
    error: str | None = None,
    remedy: str | None = None,
    notes: Sequence[str] = (),
) -> None:
    """End a step with what it did."""
    await connection.execute(
        _CLOSE_STEP,
        (status, requests, retries, duplicates, Jsonb(dict(seconds)), error, remedy, list(notes), step_id),
    )


async def close_run(connection: Connection, run_id: int, *, status: str) -> None:
    """End a run."""
    await connection.execute(_CLOSE_RUN, (status, run_id))


async def list_runs(connection: Connection, *, limit: int) -> list[Run]:
    """The newest runs, newest first, each with its steps."""
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(f"SELECT {_RUN_COLUMNS} FROM etl_runs ORDER BY run_id DESC LIMIT %s".encode(), (limit,))
        runs = await cursor.fetchall()
    return await _with_steps(connection, runs)


async def get_run(connection: Connection, run_id: int) -> Run | None:
    """One run with its steps, or None."""
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(f"SELECT {_RUN_COLUMNS} FROM etl_runs WHERE run_id = %s".encode(), (run_id,))
        runs = await cursor.fetchall()
    return next(iter(await _with_steps(connection, runs)), None)


async def _with_steps(connection: Connection, runs: Sequence[Run]) -> list[Run]:
    ids = [run.run_id for run in runs]
    async with connection.cursor(row_factory=class_row(Step)) as cursor:
        await cursor.execute(
            f"SELECT {_STEP_COLUMNS} FROM step_totals WHERE run_id = ANY(%s) ORDER BY step_id".encode(),
            (ids,),
        )
        steps = await cursor.fetchall()
    return [msgspec.structs.replace(run, steps=[step for step in steps if step.run_id == run.run_id]) for run in runs]


async def _returned(connection: Connection, statement: str, values: Sequence[Any]) -> int:
    cursor = await connection.execute(statement.encode(), values)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
