"""Working off one stream: fetch ahead, parse, and commit its pages in order."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from kasparro.errors import Skippable
from kasparro.ingest.keep import make_page
from kasparro.observability.traces import span
from kasparro.sources.contract import Cursor, Parsed, Payload, RefusedPayload, Request, Source, Stream
from kasparro.store.page import Counts, Page

log = structlog.stdlib.get_logger(__name__)

GIVE_UP_AFTER = 3
"""Failures in a row after which a stream's other requests are not tried any more."""

Post = Callable[[Page], Awaitable[Counts]]
Save = Callable[[str, Cursor], Awaitable[None]]
Prepared = tuple[Payload, Parsed | RefusedPayload, Page]
"""A payload, what it says, and both as a page that lacks nothing but its cursor."""


class StreamWork:
    """One stream of one step.

    `post` commits a page, `save` a stream's cursor without one. `phases` counts up the seconds per phase.
    After `run`, `problems` tells what could not be had, `duplicates` how many records were met twice, `met` which
    coins a provider's answers told of.
    """

    def __init__(
        self, source: Source, stream: Stream, step_id: int, *, post: Post, save: Save, phases: defaultdict[str, float]
    ) -> None:
        self.problems: list[Skippable] = []
        self.duplicates = 0
        self.met: set[str] = set()
        self._source = source
        self._stream = stream
        self._step_id = step_id
        self._post = post
        self._save = save
        self._phases = phases
        self._waiting = deque(stream.requests)
        self._under_way: deque[tuple[Request, asyncio.Task[Prepared]]] = deque()

    async def run(self) -> None:
        """Work the stream off. Raises what stops the whole source; one bad request or payload doesn't."""
        cursor = self._stream.cursor
        failures = committed = 0
        try:
            while (self._waiting or self._under_way) and failures < GIVE_UP_AFTER:
                self._fetch_ahead()
                request, task = self._under_way.popleft()
                try:
                    payload, parsed, page = await task
                except Skippable as problem:
                    failures += 1
                    self._note(request, problem)
                    continue
                if isinstance(parsed, RefusedPayload):
                    failures += 1
                    self._note(request, parsed)
                    await self._commit(page)
                    continue
                failures = 0
                if parsed.end:
                    self._drop_the_rest()
                else:
                    self._waiting.extend(parsed.follow)
                    self._fetch_ahead()
                complete = not (self._waiting or self._under_way or self.problems)
                cursor = self._source.advance(cursor, request, payload, complete=complete)
                page = msgspec.structs.replace(page, cursor=cursor)
                await self._commit(page)
                committed += 1
                self._count_duplicates(page)
            if self.problems and committed:
                await self._save(self._stream.name, self._source.abandon(cursor))
        finally:
            self._drop_the_rest()

    def _fetch_ahead(self) -> None:
        while self._waiting and len(self._under_way) < self._source.concurrency:
            request = self._waiting.popleft()
            self._under_way.append((request, asyncio.create_task(self._prepare(request))))

    def _drop_the_rest(self) -> None:
        self._waiting.clear()
        while self._under_way:
            self._under_way.popleft()[1].cancel()

    async def _prepare(self, request: Request) -> Prepared:
        began = time.perf_counter()
        payload = await self._source.fetch(request)
        fetched = time.perf_counter()
        prepared = await asyncio.to_thread(self._read, request, payload)
        self._phases["fetch"] += fetched - began
        self._phases["parse"] += time.perf_counter() - fetched
        return prepared

    def _read(self, request: Request, payload: Payload) -> Prepared:
        """Parse and compress: all that costs time goes on beside the load of the page before."""
        source, step_id = self._source, self._step_id
        with span("parse", about={"kasparro.stream": request.stream, "kasparro.bytes": len(payload.body)}):
            try:
                parsed = source.parse(request, payload)
            except RefusedPayload as refusal:
                return payload, refusal, make_page(source, step_id, request, payload, Parsed(), None, refusal)
            return payload, parsed, make_page(source, step_id, request, payload, parsed, None)

    async def _commit(self, page: Page) -> None:
        began = time.perf_counter()
        with span("load", about={"kasparro.stream": page.stream, "kasparro.quotes": len(page.quotes)}):
            await self._post(page)
        self._phases["load"] += time.perf_counter() - began

    def _note(self, request: Request, problem: Skippable) -> None:
        self.problems.append(problem)
        log.warning("request_failed", stream=request.stream, path=request.path, position=request.position,
                    error=problem.message, remedy=problem.remedy)  # fmt: skip

    def _count_duplicates(self, page: Page) -> None:
        if page.dataset:  # a file's rows are history: the same coin on every one of them
            return
        for quote in page.quotes:
            if quote.source_coin_id in self.met:
                self.duplicates += 1
            else:
                self.met.add(quote.source_coin_id)
