"""A step: one source's part of a run, on the connection that holds its claim."""

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime

import structlog

from kasparro.errors import ExitCode, KasparroError, Skippable
from kasparro.ingest.errors import InjectedFailure
from kasparro.ingest.progress import Progress
from kasparro.ingest.report import StepReport
from kasparro.ingest.stream import StreamWork
from kasparro.sources.contract import Cursor, Source
from kasparro.store.checkpoints import read_cursors, save_cursor
from kasparro.store.claims import claim
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import ConnectionLost, DatabaseError, DatabaseUnavailable, explain
from kasparro.store.page import Counts, Page
from kasparro.store.pages import post_page
from kasparro.store.staging import create_staging

log = structlog.stdlib.get_logger(__name__)

RECONNECT_SECONDS = 30.0
RECONNECT_PAUSE = 0.2
RECONNECTS = 3


class Step:
    """One source at work. `run` never raises for what concerns this source only: it reports.

    `connection` holds the claim on the source; when the database goes away in the middle, the step waits up
    to RECONNECT_SECONDS for it, claims again and goes on from its checkpoint. `fail_after` stops the step on
    purpose before the page that would bring it beyond so many records. `met` are the coins that a provider's answers
    told of.
    """

    def __init__(
        self, source: Source, step_id: int, connection: Connection, url: str, progress: Progress,
        fail_after: int | None,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.source = source
        self.step_id = step_id
        self.met: set[str] = set()
        self._url = url
        self._progress = progress
        self._fail_after = fail_after
        self._counts = Counts()
        self._phases: defaultdict[str, float] = defaultdict(float)
        self._notes: list[str] = []
        self._problems: list[KasparroError] = []
        self._duplicates = 0
        self._simulated = False

    async def run(self) -> StepReport:
        """Work off all the source's streams that are due."""
        structlog.contextvars.bind_contextvars(source=self.source.name)
        began = time.perf_counter()
        log.info("step_started")
        try:
            await self._with_reconnects()
        except KasparroError as error:
            self._problems.append(error)
        except Exception as error:
            # A fault of ours in one source must not take the others down; it is told, logged and counted.
            log.error("step_broke", error=f"{type(error).__name__}: {error}")
            log.debug("step_broke_at", exc_info=True)
            self._problems.append(KasparroError(f"unexpected {type(error).__name__}: {error}"))
        report = self._report(time.perf_counter() - began)
        self._progress.ended(self.source.name, report.status)
        log.info("step_ended", status=report.status, error=report.error, requests=report.requests,
                 seen=report.counts.seen, new=report.counts.new, unchanged=report.counts.unchanged,
                 rejected=report.counts.rejected, seconds=round(report.seconds, 3))  # fmt: skip
        return report

    async def _with_reconnects(self) -> None:
        for attempt in range(RECONNECTS + 1):
            try:
                return await self._work()
            except (DatabaseError, DatabaseUnavailable) as error:
                typed = error if isinstance(error, DatabaseUnavailable) else explain(error)
                if not isinstance(typed, ConnectionLost | DatabaseUnavailable) or attempt == RECONNECTS:
                    raise typed or error from error
                log.warning("database_lost", error=typed.message)
                await self._reconnect(typed)
        return None

    async def _reconnect(self, lost: KasparroError) -> None:
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                await self.connection.close()
                self.connection = await connect(self._url)
                # The server may need a moment to notice that our former session, with its claim, is gone.
                if await claim(self.connection, self.source.name):
                    return
            except (DatabaseError, DatabaseUnavailable) as error:
                log.info("database_still_lost", error=str(error))
            if time.monotonic() > deadline:
                raise lost
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _work(self) -> None:
        # After a reconnect the streams are planned anew: what failed before is tried again.
        self._problems.clear()
        cursors = await read_cursors(self.connection, self.source.name)
        streams, _ = await asyncio.gather(
            asyncio.to_thread(self.source.plan, cursors, datetime.now(UTC)), create_staging(self.connection)
        )
        for stream in streams:
            self._progress.planned(self.source.name, stream.name, len(stream.requests))
        for stream in streams:
            self._notes += [note for note in stream.notes if note not in self._notes]
            if stream.error:
                log.warning("stream_refused", stream=stream.name, error=str(stream.error))
                self._problems.append(stream.error)
                continue
            work = StreamWork(self.source, stream, self.step_id, post=self._post, save=self._save, phases=self._phases)
            try:
                await work.run()
            finally:
                self._problems += work.problems
                self._duplicates += work.duplicates
                self.met |= work.met

    async def _save(self, stream: str, cursor: Cursor) -> None:
        await save_cursor(self.connection, self.source.name, stream, cursor)

    async def _post(self, page: Page) -> Counts:
        records = len(page.quotes) + len(page.coins) + len(page.rejections)
        if self._fail_after is not None and self._counts.seen + records > self._fail_after:
            raise InjectedFailure(self._counts.seen)
        counts, drift = await post_page(self.connection, page)
        for change in drift:
            log.warning("drift", stream=page.stream, field=change.field, kind=change.kind, found=change.found,
                        confidence=change.confidence, required=change.required)  # fmt: skip
            self._notes.append(f"{page.stream}: {change}")
        if counts.rejected:
            log.warning("records_rejected", stream=page.stream, rejected=counts.rejected,
                        first=page.rejections[0].detail)  # fmt: skip
        self._counts += counts
        self._simulated = self._simulated or page.simulated
        self._progress.committed(self.source.name, page.stream, counts)
        return counts

    def _report(self, seconds: float) -> StepReport:
        first = self._first_problem()
        more = f" (and {len(self._problems) - 1} more)" if len(self._problems) > 1 else ""
        return StepReport(
            source=self.source.name,
            status="failed" if first else "success",
            counts=self._counts,
            requests=self.source.tally.requests,
            retries=self.source.tally.retries,
            duplicates=self._duplicates,
            seconds=seconds,
            phases={name: round(value, 4) for name, value in self._phases.items()},
            error=f"{first.message}{more}" if first else None,
            remedy=first.remedy or None if first else None,
            notes=self._notes,
            simulated=self._simulated,
            exit_code=first.exit_code if first else ExitCode.OK,
        )

    def _first_problem(self) -> KasparroError | None:
        """The problem to show: one that stopped the source before one that concerned a part of it."""
        grave = [problem for problem in self._problems if not isinstance(problem, Skippable)]
        return next(iter([*grave, *self._problems]), None)
