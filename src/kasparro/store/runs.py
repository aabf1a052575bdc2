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


class Begun(msgspec.Struct, frozen=True):
    """A run that waited, begun: source -> step id, and the span in which it was asked for."""

    steps: dict[str, int]
    traceparent: str | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One ETL run. Times are UTC; `steps` is filled where it was asked for.

    `asked_by` is command, schedule or api; `scheduled_for` is the schedule's moment that it serves; `host` and
    `pid` are of the process that works on it, and None while it waits.
    """

    run_id: int
    kind: str
    status: str
    sources: list[str]
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    host: str | None
    pid: int | None
    asked_by: str
    scheduled_for: datetime | None
    steps: list[Step] = []


_OPEN_RUN = """
INSERT INTO etl_runs (kind, status, sources, started_at, host, pid)
VALUES (%s, 'running', %s, clock_timestamp(), %s, %s) RETURNING run_id"""
_BEGIN_QUEUED = """
UPDATE etl_runs SET status = 'running', started_at = clock_timestamp(), host = %s, pid = %s
 WHERE run_id = (SELECT run_id FROM etl_runs WHERE run_id = %s AND status = 'queued' FOR UPDATE SKIP LOCKED)
RETURNING sources, traceparent"""
_OPEN_STEP = "INSERT INTO etl_steps (run_id, source, status) VALUES (%s, %s, 'running') RETURNING step_id"
_CLOSE_STEP = """
UPDATE etl_steps SET status = %s, ended_at = clock_timestamp(), requests = %s, retries = %s,
       duplicates = %s, seconds = %s, error = %s, remedy = %s, notes = %s
 WHERE step_id = %s"""
_CLOSE_RUN = "UPDATE etl_runs SET status = %s, ended_at = clock_timestamp() WHERE run_id = %s"

_INTERRUPT_STEPS = """
UPDATE etl_steps SET status = 'interrupted', ended_at = clock_timestamp(),
       error = 'stopped by hand', remedy = 'The next run goes on where this one ended'
 WHERE run_id = %s AND status = 'running'"""

_RUN_COLUMNS = "run_id, kind, status, sources, requested_at, started_at, ended_at, host, pid, asked_by, scheduled_for"
_STEP_COLUMNS = ", ".join(Step.__struct_fields__)


async def open_run(
    connection: Connection, *, kind: str, sources: Sequence[str], host: str, pid: int
) -> tuple[int, dict[str, int]]:
    """Begin a run with a running step for each of `sources`; its id, and source -> step id.

    The claims on all the sources must be held, so that nobody takes the new steps for orphans.
    """
    async with connection.transaction():
        run_id = await _returned(connection, _OPEN_RUN, (kind, list(sources), host, pid))
        return run_id, await _open_steps(connection, run_id, sources)


async def begin_queued(connection: Connection, run_id: int, *, host: str, pid: int) -> Begun | None:
    """Begin a run that waits in the queue, with a running step for each of its sources.

    None when another has begun it or is about to. As with `open_run`, the claims on all its sources must be held.
    """
    async with connection.transaction():
        row = await (await connection.execute(_BEGIN_QUEUED, (host, pid, run_id))).fetchone()
        return Begun(await _open_steps(connection, run_id, row[0]), row[1]) if row else None


async def _open_steps(connection: Connection, run_id: int, sources: Sequence[str]) -> dict[str, int]:
    return {source: await _returned(connection, _OPEN_STEP, (run_id, source)) for source in sources}


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


async def interrupt_run(connection: Connection, run_id: int) -> None:
    """End a run of one's own, and the steps of it that aren't ended, as interrupted. Needs no claim."""
    async with connection.transaction():
        await connection.execute(_INTERRUPT_STEPS, (run_id,))
        await close_run(connection, run_id, status="interrupted")


async def list_runs(
    connection: Connection, *, limit: int, before: int | None = None, status: str | None = None,
    source: str | None = None,
) -> list[Run]:  # fmt: skip
    """The newest runs, newest first, each with its steps: before the run `before`, of one status, of one source."""
    conditions = [
        *(["run_id < %(before)s"] if before is not None else []),
        *(["status = %(status)s"] if status is not None else []),
        *(["%(source)s = ANY(sources)"] if source is not None else []),
    ]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"SELECT {_RUN_COLUMNS} FROM etl_runs {where} ORDER BY run_id DESC LIMIT %(limit)s".encode(),
            {"limit": limit, "before": before, "status": status, "source": source},
        )
        runs = await cursor.fetchall()
    return await _with_steps(connection, runs)


async def unfinished_runs(connection: Connection) -> list[Run]:
    """The runs that are queued or running, oldest first, each with its steps.

    A running one may have lost its process: see `queue.queue_state`.
    """
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"SELECT {_RUN_COLUMNS} FROM etl_runs WHERE status IN ('queued', 'running') ORDER BY run_id".encode()
        )
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
