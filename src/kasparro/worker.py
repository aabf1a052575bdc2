"""When work runs: queued runs are begun one after the other, the schedule's moments become runs, orphans are closed.

Lives here: the worker's loop.
May not live here: how a run goes (`ingest`), SQL (`store`).
"""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import structlog

from kasparro.errors import KasparroError
from kasparro.ingest.errors import RunTaken, SourcesBusy
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from kasparro.ingest.schedule import newest_due, next_scheduled
from kasparro.sources.contract import Source
from kasparro.store.claims import close_all_orphans
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseRefused,
    DatabaseUnavailable,
    DiskFull,
    SchemaOutdated,
    explain,
)
from kasparro.store.queue import QueuedRun, clock, heard, listen, next_queued, refuse_queued, schedule
from kasparro.store.schema import require_schema

log = structlog.stdlib.get_logger(__name__)

OpenSources = Callable[[tuple[str, ...]], AbstractAsyncContextManager[Sequence[Source]]]
"""Gives the sources of these names, for as long as the block lasts."""

IDLE_SECONDS = 5.0
"""An enqueued run wakes the worker at once; only a dead process' open run waits so long to be closed."""
BUSY_SECONDS = 1.0
"""While somebody else holds a source of the waiting run: nothing tells when they let go."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
"""Between attempts to reach a database that went away: soon back, without filling the log for an hour."""

_DATABASE_TROUBLE = (ConnectionLost, DatabaseRefused, DatabaseUnavailable, DiskFull, SchemaOutdated)


async def run_worker(
    url: str,
    open_sources: OpenSources,
    *,
    expression: str,
    scheduled: tuple[str, ...],
    fail_after: int | None = None,
) -> None:
    """Work the queue of the ledger at `url` off, until cancelled; the run under way is then closed as interrupted.

    `expression` is the schedule in cron's language (UTC) or "off", `scheduled` the sources of its runs. A database
    that is away is waited for, a run that breaks is logged.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            connection = await connect(url)
            try:
                await require_schema(connection)
                await listen(connection)
                log.info("worker_ready", schedule=expression)
                pause = FIRST_PAUSE
                await _Worker(url, connection, open_sources, expression, scheduled, fail_after).work()
            finally:
                await connection.close()
        except (DatabaseError, *_DATABASE_TROUBLE) as error:
            typed = explain(error) if isinstance(error, DatabaseError) else error
            log.warning("database_away", error=str(typed or error), tries_again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


class _Worker:
    """The loop, for as long as its connection lives."""

    def __init__(
        self, url: str, connection: Connection, open_sources: OpenSources, expression: str,
        scheduled: tuple[str, ...], fail_after: int | None,
    ) -> None:  # fmt: skip
        self._url = url
        self._connection = connection
        self._open_sources = open_sources
        self._expression = expression
        self._scheduled = scheduled
        self._fail_after = fail_after
        self._put_off: int | None = None

    async def work(self) -> None:
        while True:
            if orphans := await close_all_orphans(self._connection):
                log.warning("interrupted_runs_closed", runs=orphans)
            now = await clock(self._connection)
            if due := newest_due(self._expression, now):
                await schedule(self._connection, due, self._scheduled)
            queued = await next_queued(self._connection)
            if queued is None:
                await heard(self._connection, self._idle(now))
            elif not await self._run(queued):
                await asyncio.sleep(BUSY_SECONDS)

    def _idle(self, now: datetime) -> float:
        soon = next_scheduled(self._expression, now)
        return min(IDLE_SECONDS, (soon - now).total_seconds()) if soon else IDLE_SECONDS

    async def _run(self, queued: QueuedRun) -> bool:
        """Work `queued` off; False when it can't begin yet."""
        try:
            async with self._open_sources(queued.sources) as sources:
                await run_ingest(
                    self._url, sources, progress=Quiet(), fail_after=self._fail_after, queued=queued.run_id
                )
        except SourcesBusy as busy:
            if self._put_off != queued.run_id:
                log.info("run_waits", run_id=queued.run_id, reason=busy.message)
                self._put_off = queued.run_id
            return False
        except RunTaken:
            return True
        except (DatabaseError, *_DATABASE_TROUBLE):
            raise
        except Exception as error:
            # Nothing that is wrong with one run may end the worker, nor may the run come again for ever.
            log.error("run_broke", run_id=queued.run_id, error=f"{type(error).__name__}: {error}")
            log.debug("run_broke_at", exc_info=True)
            await self._refuse(queued, error)
        return True

    async def _refuse(self, queued: QueuedRun, error: Exception) -> None:
        known = error if isinstance(error, KasparroError) else None
        await refuse_queued(
            self._connection,
            queued.run_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            error=known.message if known else f"unexpected {type(error).__name__}: {error}",
            remedy=known.remedy or None if known else None,
        )
