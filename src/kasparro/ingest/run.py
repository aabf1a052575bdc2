"""A run: claim the sources, work their steps off side by side, close."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import structlog

from kasparro.ingest.errors import SourcesBusy
from kasparro.ingest.progress import Progress
from kasparro.ingest.report import RunReport, StepReport, run_status
from kasparro.ingest.step import Step
from kasparro.sources.contract import Source
from kasparro.store.claims import claim, close_orphans, holder, release
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, DatabaseUnavailable, explain
from kasparro.store.runs import close_run, close_step, open_run
from kasparro.store.schema import make_partitions, require_schema

log = structlog.stdlib.get_logger(__name__)


async def run_ingest(
    url: str, sources: Sequence[Source], *, progress: Progress, fail_after: int | None = None
) -> RunReport:
    """Ingest from `sources` into the ledger at `url`; what happened, source by source.

    Raises SourcesBusy when another run holds all of them, SchemaOutdated and DatabaseUnavailable; everything
    that concerns one source only is in the report.
    """
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
        if not claimed:
            raise SourcesBusy(busy)
        return await _run_claimed(url, claimed, busy, progress, fail_after)
    except DatabaseError as error:
        raise explain(error) or error from error
    finally:
        for source in sources:
            await source.close()
        for _, connection in claimed:
            await release(connection)


async def _run_claimed(
    url: str, claimed: list[tuple[Source, Connection]], busy: list[str], progress: Progress,
    fail_after: int | None,
) -> RunReport:  # fmt: skip
    names = [source.name for source, _ in claimed]
    opener = claimed[0][1]
    await make_partitions(opener)
    run_id, step_ids = await open_run(opener, kind="ingest", sources=names, host=socket.gethostname(), pid=os.getpid())
    structlog.contextvars.bind_contextvars(run_id=run_id)
    log.info("run_started", sources=names)
    steps = [
        Step(source, step_ids[source.name], connection, url, progress, fail_after) for source, connection in claimed
    ]
    try:
        reports = await asyncio.gather(*(_run_and_close(step) for step in steps))
    except asyncio.CancelledError:
        await _interrupt(steps)
        raise
    finally:
        claimed[:] = [(step.source, step.connection) for step in steps]
    status = run_status(reports, busy)
    await _close(steps, run_id, status)
    log.info("run_ended", status=status)
    structlog.contextvars.unbind_contextvars("run_id")
    return RunReport(run_id=run_id, status=status, steps=reports, busy=busy)


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


async def _interrupt(steps: Sequence[Step]) -> None:
    for step in steps:
        try:
            await close_orphans(step.connection, step.source.name, why="stopped by hand")
        except DatabaseError as error:
            # The next run closes it all the same; there is nothing more to save on the way out.
            log.warning("not_closed", source=step.source.name, error=str(error))


async def _run_and_close(step: Step) -> StepReport:
    report = await step.run()
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
