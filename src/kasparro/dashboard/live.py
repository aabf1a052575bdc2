"""Live: what runs now, told to browsers as it goes on (server-sent events)."""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from kasparro.dashboard.asking import Api, Members, Refused
from kasparro.dashboard.rendering import render
from kasparro.dashboard.visit import House

MOST = 64
"""Browsers that one worker tells at a time."""
LASTS_S = 25.0
"""A stream ends by itself, and the browser asks for the next, perhaps at another worker."""
_PAUSE_S = 0.5
_AGAIN_MS = 1_000
_LATER_MS = 15_000
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Streams:
    """The streams of one worker: how many there are, and whether they are to end."""

    def __init__(self) -> None:
        self.number = 0
        self.ending = False

    @contextmanager
    def ended_with_worker(self) -> Iterator[None]:
        """Within the block, what tells the process to stop ends the streams first: its server waits for answers under
        way, and these would go on."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def end(number: int, frame: FrameType | None) -> None:
            self.ending = True
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)
            else:
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
                signal.raise_signal(number)

        for number in before:
            signal.signal(number, end)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Stream(StreamingResponse):
    """A stream that counts while it lasts."""

    def __init__(self, streams: Streams, parts: AsyncIterator[str]) -> None:
        super().__init__(parts, 200, _HEADERS, "text/event-stream")
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        self._streams.number += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.number -= 1


async def live(house: House, streams: Streams, request: Request) -> Response:
    """What runs now, whenever it has changed; of one run only where `run` names it."""
    if streams.number >= MOST:
        raise HTTPException(503, "Too many browsers watch. Come again in a minute")
    wanted = request.query_params.get("run", "")
    run_id = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else None
    return _Stream(streams, _parts(house, streams, request, run_id))


async def _parts(house: House, streams: Streams, request: Request, run_id: int | None) -> AsyncIterator[str]:
    ends = time.monotonic() + LASTS_S
    told = None
    yield f"retry: {_AGAIN_MS}\n\n"
    while time.monotonic() < ends and not streams.ending:
        request.scope["exchange"].stamp = None  # each look is at the ledger as it is then
        try:
            text = render("running.html", {"status": await with_expected(Api(house.ask, request.scope), run_id)})
        except Refused:
            # The page goes on showing what it knew; a later stream tells more.
            yield f"retry: {_LATER_MS}\n\n"
            return
        if text != told:
            told = text
            lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
            # Browsers don't tell of an event without data.
            yield f"event: running\n{lines}\n" if lines else "event: idle\ndata: nothing runs\n\n"
        await asyncio.sleep(_PAUSE_S)


async def with_expected(api: Api, run_id: int | None = None) -> Members:
    """`/etl/status`, of one run only where one is named, with what each step will see if it is like the last one; and
    with the run whose steps have ended while what they brought is still looked through."""
    status = await api.get("/etl/status")
    ending = await _ending(api, run_id)
    if ending is not None and all(run["run_id"] != ending["run_id"] for run in status["running"]):
        status["running"].append(ending)
    if run_id is not None:
        status["running"] = [run for run in status["running"] if run["run_id"] == run_id]
        status["queued"] = status["queued"] if status["queued"] and status["queued"]["run_id"] == run_id else None
    if status["running"]:
        usual = _usual((await api.get("/stats"))["recent_etl_runs"])
        for run in status["running"]:
            for step in run["steps"]:
                step["expected"] = max(usual.get(step["source"], 0), step["seen"]) or None
    return status


async def _ending(api: Api, run_id: int | None) -> Members | None:
    """The run of this number, or the newest one, if only its steps have ended. One that lost its process isn't it."""
    newest = (await api.get("/runs", cursor=None if run_id is None else run_id + 1, limit=1))["data"]
    for run in newest:
        steps = {step["status"] for step in run["steps"]}
        if run["status"] == "running" and steps and "running" not in steps and run_id in (None, run["run_id"]):
            found: Members = run
            return found
    return None


def _usual(parts: list[Members]) -> dict[str, Any]:
    """source -> records that its last whole part of a run saw."""
    usual: dict[str, Any] = {}
    for part in parts:
        if part["success"]:
            usual.setdefault(part["source"], part["records_processed"])
    return usual
