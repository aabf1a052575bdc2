"""The queue: runs that wait in `etl_runs` until a worker begins them, and the schedule's moments.

At most one run waits. What changes the queue takes one lock for its transaction, so that whoever asks sees what
the one before did. A running run counts only while somebody holds the claim of one of its open steps: one that
lost its process stands in nobody's way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from kasparro.store.claims import claimed
from kasparro.store.connection import Connection
from kasparro.store.errors import IdempotencyConflict
from kasparro.store.runs import Run, unfinished_runs

AskedBy = Literal["command", "schedule", "api"]

CHANNEL = "kasparro_queue"
_LOCK = 0x6B617175
RESUMPTIONS = 3
"""Interrupted runs of the schedule's own after which a moment is given up: a run that always takes its worker down
must not do so all hour."""

_KNOWN = "SELECT run_id, sources FROM etl_runs WHERE idempotency_key = %s"
_ENQUEUE = """
INSERT INTO etl_runs (kind, status, sources, asked_by, idempotency_key, scheduled_for, traceparent)
VALUES ('ingest', 'queued', %s, %s, %s, %s, %s) RETURNING run_id"""
_IS_SERVED = """
SELECT EXISTS (SELECT FROM etl_runs
                WHERE status = 'queued'
                   OR (scheduled_for = %(slot)s
                       OR kind = 'ingest' AND requested_at >= %(slot)s AND sources @> %(sources)s::text[])
                      AND status <> 'interrupted')
    OR (SELECT count(*) FROM etl_runs
         WHERE asked_by = 'schedule' AND requested_at >= %(slot)s AND status = 'interrupted') >= %(resumptions)s"""
_GIVE_UP_SLOT = "UPDATE etl_runs SET scheduled_for = NULL WHERE scheduled_for = %s"
_NEXT = "SELECT run_id, sources FROM etl_runs WHERE status = 'queued'"
_REFUSE = """
WITH refused AS (
    UPDATE etl_runs SET status = 'failed', started_at = clock_timestamp(), ended_at = clock_timestamp(),
           host = %s, pid = %s
     WHERE run_id = (SELECT run_id FROM etl_runs WHERE run_id = %s AND status = 'queued' FOR UPDATE SKIP LOCKED)
    RETURNING run_id, sources)
INSERT INTO etl_steps (run_id, source, status, ended_at, error, remedy)
SELECT run_id, unnest(sources), 'failed', clock_timestamp(), %s, %s FROM refused"""


class Enqueued(msgspec.Struct, frozen=True):
    """A run waits, or waited: `repeated` when the same request had asked for it before."""

    run_id: int
    repeated: bool = False


class Occupied(msgspec.Struct, frozen=True):
    """Nothing was enqueued: this run is `queued` or `running`."""

    run_id: int
    status: str


class QueuedRun(msgspec.Struct, frozen=True):
    """A run that waits to be begun."""

    run_id: int
    sources: tuple[str, ...]


class QueueState(msgspec.Struct, frozen=True):
    """What waits and what really runs, of any kind; with steps and their totals so far."""

    queued: Run | None
    running: list[Run]


async def enqueue(
    connection: Connection, sources: Sequence[str], *, asked_by: AskedBy, idempotency_key: str | None = None,
    traceparent: str | None = None,
) -> Enqueued | Occupied:  # fmt: skip
    """Ask for an ingest run of `sources`, in one atomic step; idle workers wake at once.

    `traceparent` is the span in which it is asked for: the run will be a part of that trace.

    The same `idempotency_key` gives the same run again, whatever has become of it. Raises IdempotencyConflict
    when it came with other sources before.
    """
    async with connection.transaction():
        await _alone(connection)
        if idempotency_key is not None:
            known = await (await connection.execute(_KNOWN, (idempotency_key,))).fetchone()
            if known:
                if set(known[1]) != set(sources):
                    raise IdempotencyConflict(known[0])
                return Enqueued(known[0], repeated=True)
        state = await queue_state(connection)
        for run in (state.queued, *state.running):
            if run is not None and run.kind == "ingest":
                return Occupied(run.run_id, run.status)
        return Enqueued(await _insert(connection, sources, asked_by, idempotency_key, None, traceparent))


async def schedule(connection: Connection, slot: datetime, sources: Sequence[str]) -> int | None:
    """Ask for the run of the schedule's moment `slot` (aware, UTC), once however many ask; its id, or None.

    None when that moment has its run, a run waits, or one of all these sources was asked for since. A moment whose
    run was interrupted goes to a new one, up to RESUMPTIONS times; what people interrupt doesn't count.
    """
    async with connection.transaction():
        await _alone(connection)
        asked = {"slot": slot, "sources": list(sources), "resumptions": RESUMPTIONS}
        cursor = await connection.execute(_IS_SERVED, asked)
        row = await cursor.fetchone()
        if row and row[0]:
            return None
        await connection.execute(_GIVE_UP_SLOT, (slot,))
        return await _insert(connection, sources, "schedule", None, slot, None)


async def next_queued(connection: Connection) -> QueuedRun | None:
    """The run that waits, if one does; `runs.begin_queued` makes it one's own."""
    row = await (await connection.execute(_NEXT)).fetchone()
    return QueuedRun(row[0], tuple(row[1])) if row else None


async def refuse_queued(
    connection: Connection, run_id: int, *, host: str, pid: int, error: str, remedy: str | None
) -> None:
    """End a waiting run that can't even begin as failed; one that waits no more is left alone."""
    await connection.execute(_REFUSE, (host, pid, run_id, error, remedy))


async def queue_state(connection: Connection) -> QueueState:
    """What waits and what really runs now."""
    found = await unfinished_runs(connection)
    working = {run.run_id: {step.source for step in run.steps if step.status == "running"} for run in found}
    held = await claimed(connection, sorted(set().union(*working.values())))
    return QueueState(
        queued=next((run for run in found if run.status == "queued"), None),
        running=[run for run in found if working[run.run_id] & held],
    )


async def listen(connection: Connection) -> None:
    """Hear from now on when a run is enqueued; `heard` waits for it."""
    await connection.execute(f"LISTEN {CHANNEL}".encode())


async def heard(connection: Connection, seconds: float) -> None:
    """Wait until a run is enqueued, at most so long."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        return


async def clock(connection: Connection) -> datetime:
    """The database's time (UTC): one clock for the workers of all machines."""
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now.astimezone(UTC)


async def _alone(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


async def _insert(
    connection: Connection, sources: Sequence[str], asked_by: AskedBy, key: str | None, slot: datetime | None,
    traceparent: str | None,
) -> int:  # fmt: skip
    cursor = await connection.execute(_ENQUEUE, (list(sources), asked_by, key, slot, traceparent))
    row = await cursor.fetchone()
    assert row is not None
    await connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
    return int(row[0])
