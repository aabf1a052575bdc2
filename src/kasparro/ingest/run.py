"""A run: claim the sources, work their steps off side by side, close."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import structlog

from kasparro.ingest.errors import RunTaken, SourcesBusy
from kasparro.ingest.progress import Progress
from kasparro.ingest.report import RunReport, StepReport, run_status
from kasparro.ingest.settle import settle
from kasparro.ingest.step import Step
from kasparro.observability.traces import Value, span
from kasparro.sources.contract import Source
from kasparro.store.claims import claim, close_orphans, holder, release
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, DatabaseUnavailable, explain
from kasparro.store.runs import begin_queued, close_run, close_step, interrupt_run, open_run
from kasparro.store.schema import make_partitions, require_schema

log = structlog.stdlib.get_logger(__name__)

SWITCH_SECONDS = 0.0001
"""How long the event loop, which posts a page, waits for its turn while a thread parses the next page. Python's
own 5 ms, paid at each of the dozen times that the database answers, made a page's load half as long again."""


async def run_ingest(
    url: str,
    sources: Sequence[Source],
    *,
    progress: Progress,
    fail_after: int | None = None,
    queued: int | None = None,
) -> RunReport:
    """Ingest from `sources` into the ledger at `url`; what happened, source by source.

    With `queued` that waiting run is worked off, whose sources these must be: it begins only when all of them are
    free (else SourcesBusy, and it waits on) and nobody else has begun it (else RunTaken).

    Raises SourcesBusy when another run holds all of them, SchemaOutdated and DatabaseUnavailable; everything
    that concerns one source only is in the report.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    claimed: list[tuple[Source, Connection]] = []
    busy: list[str] = []
    try:
        for source in sources:
            connection = await connect(url)
            claimed.append((source, connection))
            await require_schema(connection)
            if await claim(connection, source.name):
                orphans = await close_orphans(connection, source.name)
                if orphans:
                    log.warning("interrupted_runs_closed", runs=orphans, source=source.name)
            else:
                busy.append(f"{source.name} (run {await holder(connection, source.name) or 'starting'})")
                claimed.pop()
                await connection.close()
            if busy and queued is not None:
                break
        if not claimed or (busy and queued is not None):
            raise SourcesBusy(busy)
        return await _run_claimed(url, claimed, busy, progress, fail_after, queued)
    except DatabaseError as error:
        raise explain(error) or error from error
    finally:
        # All of it, also when the first of it is cancelled.
        async with AsyncExitStack() as closing:
            for _, connection in claimed:
                closing.push_async_callback(release, connection)
            for source in sources:
                closing.push_async_callback(source.close)


async def _run_claimed(
    url: str, claimed: list[tuple[Source, Connection]], busy: list[str], progress: Progress,
    fail_after: int | None, queued: int | None,
) -> RunReport:  # fmt: skip
    opener = claimed[0][1]
    await make_partitions(opener)
    run_id, step_ids, asked_within = await _begin(opener, [source.name for source, _ in claimed], queued)
    steps = [
        Step(source, step_ids[source.name], connection, url, progress, fail_after) for source, connection in claimed
    ]
    about: dict[str, Value] = {"kasparro.run_id": run_id, "kasparro.sources": " ".join(step_ids)}
    with structlog.contextvars.bound_contextvars(run_id=run_id), span("run", parent=asked_within, about=about) as seen:
        log.info("run_started", sources=list(step_ids))
        try:
            reports = await asyncio.gather(*(_run_and_close(step) for step in steps))
            with span("settle"):
                settled = await settle(url, run_id, {step.source.name: step.met for step in steps})
        except asyncio.CancelledError:
            await _interrupt(url, run_id)
            raise
        finally:
            claimed[:] = [(step.source, step.connection) for step in steps]
        status = run_status(reports, busy)
        seen.note("kasparro.status", status)
        await _close(steps, run_id, status)
        log.info("run_ended", status=status)
    return RunReport(run_id=run_id, status=status, steps=reports, busy=busy, settled=settled)


async def _begin(
    connection: Connection, names: Sequence[str], queued: int | None
) -> tuple[int, dict[str, int], str | None]:
    host, pid = socket.gethostname(), os.getpid()
    if queued is None:
        return *await open_run(connection, kind="ingest", sources=names, host=host, pid=pid), None
    begun = await begin_queued(connection, queued, host=host, pid=pid)
    if begun is None:
        raise RunTaken(queued)
    return queued, begun.steps, begun.traceparent


async def _close(steps: Sequence[Step], run_id: int, status: str) -> None:
    for step in steps:
        if step.connection.closed:
            continue
        with suppress(DatabaseError):
            await close_run(step.connection, run_id, status=status)
            return
    raise DatabaseUnavailable(
        "the database went away and did not come back",
        remedy="Run the same command again when it is back: the run goes on from its last page",
    )


async def _interrupt(url: str, run_id: int) -> None:
    """Close a cancelled run, on a connection of its own: those of the steps may be in the middle of anything."""
    try:
        connection = await connect(url)
        try:
            await interrupt_run(connection, run_id)
        finally:
            await connection.close()
    except (DatabaseError, DatabaseUnavailable) as error:
        # The next run closes it all the same; there is nothing more to save on the way out.
        log.warning("not_closed", error=str(error))


async def _run_and_close(step: Step) -> StepReport:
    with span("step", about={"kasparro.source": step.source.name}) as seen:
        report = await step.run()
        seen.note("kasparro.status", report.status)
        if report.status == "failed":
            seen.fail("step")
    try:
        await close_step(
            step.connection,
            step.step_id,
            status=report.status,
            requests=report.requests,
            retries=report.retries,
            duplicates=report.duplicates,
            seconds=report.phases | {"total": round(report.seconds, 4)},
            error=report.error,
            remedy=report.remedy,
            notes=report.notes,
        )
    except DatabaseError as error:
        # What it did is in the ledger; the next run closes the step, and this one's report says what happened.
        log.warning("step_not_closed", source=report.source, error=str(error))
    return report
