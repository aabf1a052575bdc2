"""The wire: one client's connection, HTTP/1.1 on the one side and the edge on the other.

uvicorn's own protocol serves whatever speaks ASGI. A plain GET is answered by the edge itself most of the time, and
needs no ASGI for that: several times as many of them a second leave this way.
"""

import asyncio
import time
from functools import partial
from typing import Any
from urllib.parse import unquote

from uvicorn._types import HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from kasparro.api.answer import Answer
from kasparro.api.cache import Stamp
from kasparro.api.edge import Edge
from kasparro.api.exchange import Exchange, HeaderList
from kasparro.api.problems import MEDIA_TYPE, Problem

_HEAD_BYTES = 32 * 1024
_HEAD_SECONDS = 10.0
_LINGER_SECONDS = 1.0
"""For the rest of what a refused client sends, read by nobody."""
_STALLED_SECONDS = 120.0
"""How long a client may take to read what lies ready for it, some ten kilobytes at least."""
_PLAIN_METHODS = (b"GET", b"HEAD")
_NOT_PLAIN = (b"content-length", b"transfer-encoding", b"upgrade", b"expect")


class Wire(HttpToolsProtocol):
    """A connection of a worker. Its app is an Edge, or anything that speaks ASGI around one."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self._edge = self.app if isinstance(self.app, Edge) else None
        self._peer = ""
        self._plain = True
        self._in_head = False
        self._head_bytes = 0
        self._begun = 0
        self._refused = False
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._answered_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many connections already."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        most = self.config.limit_concurrency
        if most is not None and len(self.connections) >= most:
            self._refuse(Problem(503, "Too many connections. Try again in a second", headers={"Retry-After": "1"}))
            return
        self._deadline = self.loop.call_later(_HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        for timer in (self._deadline, self._stalled, self._idle):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; the head of a request has to come soon, and to its end."""
        if self._refused or self.transport.is_closing():
            return
        idle, in_head, self._begun = self._is_idle(), self._in_head, 0
        super().data_received(data)
        if not self._in_head:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            self._head_bytes = 0
            return
        if in_head and not self._begun:
            self._head_bytes += len(data)
        else:
            # Of several requests that came at once nobody knows where the last one began.
            self._head_bytes = len(data) if idle and not in_head and self._begun == 1 else 0
        if self._head_bytes > _HEAD_BYTES:
            self._refuse(Problem(431, f"The request's head has more than {_HEAD_BYTES // 1024} kB"))
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        """The client doesn't read what was sent."""
        super().pause_writing()
        self._stalled = self.loop.call_later(_STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def on_response_complete(self) -> None:
        """Go on with what waits, or else wait: one timer sees that no request comes, however many came before."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._answered_at = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def _end_if_idle(self) -> None:
        self._idle = None
        if not self._is_idle():
            return
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0 or self._in_head:
            self._idle = self.loop.call_later(left if left > 0 else _HEAD_SECONDS, self._end_if_idle)
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what isn't HTTP."""
        self._refuse(Problem(400, "This is no HTTP/1.1 request"))

    # The parser

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._plain = self._in_head = True
        self._begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        name = name.lower()
        if name in _NOT_PLAIN:
            self._plain = False
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Answer it: by the edge alone if it is plain and no other one is before it, else as uvicorn does."""
        self._in_head = False
        method, url = self.parser.get_method(), self.url
        edge = self._edge
        if (
            edge is None or not self._plain or method not in _PLAIN_METHODS or not url.startswith(b"/")
            or b"#" in url or not url.isascii() or not self._is_idle()
        ):  # fmt: skip
            self._prepare_scope()
            super().on_headers_complete()
            return
        turn = _Turn(
            method.decode("ascii"), url, HeaderList(self.headers),
            keep_alive=self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive(),
        )  # fmt: skip
        self.cycle = turn  # type: ignore[assignment]
        if not self.flow.write_paused and edge.may_recall(turn.method, turn.path, turn.query, turn.headers):
            edge.soon(partial(self._recall, edge, turn))
        else:
            self._begin(edge, turn, turn.arrival(edge, self._peer))

    # Answers

    def _recall(self, edge: Edge, turn: "_Turn", stamp: Stamp | Exception) -> None:
        exchange = turn.arrival(edge, self._peer)
        answer = edge.recall(exchange, stamp)
        if answer is None:
            self._begin(edge, turn, exchange)
        else:
            self._send(turn, answer)

    def _begin(self, edge: Edge, turn: "_Turn", exchange: Exchange) -> None:
        task = self.loop.create_task(self._answer(edge, turn, exchange))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, edge: Edge, turn: "_Turn", exchange: Exchange) -> None:
        answer = await edge.meet(exchange, partial(self._pass_on, edge, turn, exchange))
        if self.flow.write_paused:
            await self.flow.drain()
        if answer is not None:
            self._send(turn.cycle or turn, answer)
        elif turn.cycle is None or not turn.cycle.response_complete:
            # What has begun and can't be ended is cut off: nobody shall take it for the whole.
            self.transport.close()

    async def _pass_on(self, edge: Edge, turn: "_Turn", exchange: Exchange) -> None:
        """Have the app answer, over ASGI."""
        scope = self._scope_of(turn)
        cycle = RequestResponseCycle(
            scope=scope, transport=self.transport, flow=self.flow, logger=self.logger,
            access_logger=self.access_logger, access_log=False, default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(), expect_100_continue=False, keep_alive=turn.keep_alive,
            on_response=self.on_response_complete,
        )  # fmt: skip
        cycle.disconnected = turn.disconnected
        # There is no body, and that is known.
        cycle.more_body = False
        cycle.message_event.set()
        turn.cycle = cycle
        newest: object = self.cycle
        if newest is turn:  # else another one is waiting behind it
            self.cycle = cycle
        await edge.pass_on(exchange, scope, cycle.receive, cycle.send)  # type: ignore[arg-type]

    def _send(self, cycle: "RequestResponseCycle | _Turn", answer: Answer) -> None:
        if cycle.disconnected or self.transport.is_closing():
            return
        status, kept, more, body = answer
        parts = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(kept.block)
        parts.append("".join([f"{name}: {value}\r\n" for name, value in more]).encode("latin-1"))
        if not cycle.keep_alive or (status >= 400 and ("connection", "close") in more):
            cycle.keep_alive = False
            parts.append(b"connection: close\r\n")
        parts.append(b"\r\n")
        # In parts: the body is the same for many, and long.
        self.transport.writelines((b"".join(parts), *body))
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no request, and hang up."""
        body = problem.body("", "")
        headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(body))), *problem.headers.items()]
        head = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers).encode("latin-1")
        if not self._is_idle():
            self.transport.close()
            return
        self.transport.write(b"".join((STATUS_LINE[problem.status], head, b"connection: close\r\n\r\n", body)))
        # Who closes with bytes unread takes back what was sent.
        self._refused = True
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _is_idle(self) -> bool:
        """Whether no request is waiting for its answer."""
        return self.cycle is None or self.cycle.response_complete

    def _prepare_scope(self) -> None:
        """Make what uvicorn makes of each request at its beginning, and plain ones don't need."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers

    def _scope_of(self, turn: "_Turn") -> HTTPScope:
        """What uvicorn would have made of a request, while the next one may be coming in."""
        coming = self.url, self.headers, self.expect_100_continue, self.scope
        super().on_message_begin()
        scope = self.scope
        self.url, self.headers, self.expect_100_continue, self.scope = coming
        raw_path, _, query = turn.url.partition(b"?")
        scope["method"], scope["headers"] = turn.method, turn.headers.pairs
        scope["path"], scope["raw_path"], scope["query_string"] = turn.path, raw_path, query
        return scope


class _Nobody:
    """Whom nobody waits for."""

    def set(self) -> None:
        """Tell nobody."""


_NOBODY = _Nobody()


class _Turn:
    """A request that the edge is answering, as far as uvicorn's protocol wants to know. `cycle` takes its place when it
    is passed on. `path` is decoded, `query` as it came."""

    __slots__ = (
        "began", "cycle", "disconnected", "headers", "keep_alive", "message_event", "method", "more_body", "path",
        "query", "response_complete", "url",
    )  # fmt: skip

    def __init__(self, method: str, url: bytes, headers: HeaderList, *, keep_alive: bool) -> None:
        self.began = time.perf_counter()
        self.method = method
        self.url = url
        path, _, self.query = url.decode("ascii").partition("?")
        self.path = unquote(path) if "%" in path else path
        self.headers = headers
        self.keep_alive = keep_alive
        self.cycle: RequestResponseCycle | None = None
        self.disconnected = False
        self.response_complete = False
        self.more_body = False
        self.message_event = _NOBODY

    def arrival(self, edge: Edge, peer: str) -> Exchange:
        """The exchange that began with it."""
        return edge.arrival(self.method, self.path, self.query, self.headers, peer, self.began)
