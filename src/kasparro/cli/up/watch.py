"""Watching from the ledger how a run goes that another process works on."""

import asyncio
import time
from collections.abc import Callable

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from kasparro.cli.console import err
from kasparro.cli.tables import status_mark
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, DatabaseUnavailable
from kasparro.store.runs import Run, get_run, list_runs

PAUSE_S = 0.3
BEGIN_PATIENCE_S = 60.0
"""A run that still waits then isn't about to begin: somebody else works on its sources, or no worker gets going."""


async def newest_run(connection: Connection) -> Run | None:
    """The newest ingest run, in whatever state."""
    return next((run for run in await list_runs(connection, limit=100) if run.kind == "ingest"), None)


async def watch_newest_run(url: str, still_up: Callable[[], None]) -> Run | None:
    """The newest ingest run when it has ended; None when there is none. Shows its progress meanwhile.

    One that doesn't begin is given back as it waits. `still_up` is called all the time, and raises when there is
    nothing to wait for any more. A database that is away is waited for.
    """
    began = time.monotonic()
    with _Bars() as bars:
        while True:
            still_up()
            try:
                connection = await connect(url)
                try:
                    run = await newest_run(connection)
                    while run is not None and run.status in ("queued", "running"):
                        bars.show(run)
                        if run.status == "queued" and time.monotonic() - began > BEGIN_PATIENCE_S:
                            break
                        await asyncio.sleep(PAUSE_S)
                        still_up()
                        run = await get_run(connection, run.run_id)
                    return run
                finally:
                    await connection.close()
            except (DatabaseError, DatabaseUnavailable):
                await asyncio.sleep(PAUSE_S)


class _Bars:
    """A line a source, where there is a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<12}"),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, run: Run) -> None:
        for step in run.steps:
            if step.source not in self._tasks:
                self._tasks[step.source] = self._progress.add_task(step.source, said="", total=1)
            said = f"{step.loads} pages, {step.seen:,} records, {step.new:,} new"
            ended = step.status != "running"
            self._progress.update(
                self._tasks[step.source],
                said=f"{said} {status_mark(step.status)}" if ended else said,
                completed=1 if ended else 0,
            )
