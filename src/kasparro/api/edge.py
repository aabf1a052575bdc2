"""The edge: the outermost layer, pure ASGI, through which every request comes and every answer leaves.

It counts and limits, answers from the cache, gives every answer its headers, and turns what breaks into a problem.
What is answered here never reaches FastAPI; that is where the speed comes from.
"""

import asyncio
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kasparro.api.cache import AnswerCache, Entry
from kasparro.api.clients import Clients
from kasparro.api.desk import Desk
from kasparro.api.encoding import accepts_gzip
from kasparro.api.exchange import Exchange
from kasparro.api.exports import wanted_format
from kasparro.api.gate import Gate
from kasparro.api.limits import Allowance, RateLimiter
from kasparro.api.metrics import Metrics
from kasparro.api.problems import MEDIA_TYPE, Problem, problem_of
from kasparro.errors import KasparroError

log = structlog.stdlib.get_logger(__name__)

EXEMPT = frozenset({"/livez", "/readyz", "/health", "/health/detailed", "/metrics"})
"""What is neither limited nor shed: who watches must always see."""

_ASSETS = ("/docs/", "/dashboard/")
_MAX_BODY = 64 * 1024
_BODY_SECONDS = 10.0
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_VARY = (b"vary", b"accept, accept-encoding")
_CLOSED = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_GZIP = (b"content-encoding", b"gzip")
_NOTHING: Message = {"type": "http.response.body", "body": b""}
_Headers = list[tuple[bytes, bytes]]


class Edge:
    """Wraps `app`. At most `max_waiting` requests are worked on at a time; more are refused at once with 503."""

    def __init__(
        self, app: ASGIApp, desk: Desk, *, cache: AnswerCache, clients: Clients, gate: Gate,
        limiter: RateLimiter | None, metrics: Metrics, max_waiting: int,
    ) -> None:  # fmt: skip
        self._app = app
        self._desk = desk
        self._cache = cache
        self._clients = clients
        self._gate = gate
        self._limiter = limiter
        self._metrics = metrics
        self._max_waiting = max_waiting
        self._working = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        exchange = Exchange(dict(scope["headers"]), self._clients.address(scope))
        scope["exchange"] = exchange
        self._working += 1
        try:
            await self._answer(exchange, scope, receive, send)
        finally:
            self._worked(exchange)
            self._metrics.answered(method, exchange.route, exchange.status, time.perf_counter() - exchange.began)

    def _worked(self, exchange: Exchange) -> None:
        """There is nothing left to do but to send: how fast a client reads is in nobody's way."""
        if exchange.working:
            exchange.working = False
            self._working -= 1

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        extra: _Headers = [(b"x-request-id", exchange.request_id.encode())]
        try:
            if path not in EXEMPT and not path.startswith(_ASSETS):
                if self._working > self._max_waiting:
                    self._metrics.shed()
                    raise Problem(503, "Too many requests wait. Try again in a second", headers={"Retry-After": "1"})
                if self._limiter is not None:
                    extra += _limit_headers(self._limiter, await self._limiter.ask(exchange.client))
            if self._gate.closed:
                await self._gate.admit_reader(exchange, path)
            if (
                method in ("GET", "HEAD")
                and (question := self._cache.question((path, scope["query_string"])))
                and wanted_format(None, exchange.headers.get(b"accept", b"")) == "json"
            ):
                exchange.stamp = await self._desk.stamps.ask()
                entry = self._cache.get(question, exchange.stamp)
                if entry is not None:
                    self._metrics.cached()
                    for message in self._messages(entry, exchange, extra, bodiless=method == "HEAD"):
                        await send(message)
                    return
            await self._pass_on(exchange, scope, receive, send, extra)
        except Problem as problem:
            await self._send_problem(problem, exchange, scope, extra, send, bodiless=method == "HEAD")
        except KasparroError as error:
            log.warning("request_failed", error=error.message, request_id=exchange.request_id, path=path)
            await self._send_problem(problem_of(error), exchange, scope, extra, send, bodiless=method == "HEAD")

    async def _pass_on(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send, extra: _Headers) -> None:
        method = scope["method"]
        if method == "HEAD":
            scope["method"] = "GET"
        elif method not in ("GET", "OPTIONS"):
            # Nor is it work to wait for a body.
            self._working -= 1
            try:
                receive = _replay(await _read_body(receive))
            finally:
                self._working += 1
        started = False

        async def finish(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._worked(exchange)
                exchange.status = message["status"]
                headers = message["headers"] = [*message["headers"], *_SECURITY, *extra]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append(_CLOSED)
            elif method == "HEAD":
                message["body"] = b""
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=exchange.request_id):
            try:
                await self._app(scope, receive, finish)
            except Exception as error:
                # Starlette has answered and logged it, and raises it once more; or the client went away.
                if not started:
                    log.error("request_broke", error=f"{type(error).__name__}: {error}", path=scope["path"])
                    raise Problem(500, "This is a bug. The log has more under this request's id") from error
        exchange.route = _route(scope)
        if (rendered := exchange.rendered) is not None:
            headers = [*rendered.kept_headers, (b"cache-control", self._gate.caching), _VARY, *_SECURITY, _CLOSED]
            entry = Entry(exchange.stamp, exchange.route, rendered.status_code, rendered.head, headers)
            if rendered.question is not None:
                self._cache.put((scope["path"], scope["query_string"]), rendered.question, entry)
            for message in self._messages(entry, exchange, extra, bodiless=method == "HEAD"):
                await send(message)

    def _messages(self, entry: Entry, exchange: Exchange, extra: _Headers, *, bodiless: bool) -> list[Message]:
        """The answer to `exchange`. What is kept isn't copied: it is sent as a part of its own."""
        exchange.route = entry.route
        self._worked(exchange)
        headers = exchange.headers
        given = headers.get(b"if-none-match")
        if given is not None and entry.status == 200 and (entry.etag[2:] in given or given.strip() == b"*"):
            exchange.status = 304
            return [{"type": "http.response.start", "status": 304, "headers": entry.headers + extra}, _NOTHING]
        exchange.status = entry.status
        took = (time.perf_counter() - exchange.began) * 1000
        tail = f',"request_id":"{exchange.request_id}","api_latency_ms":{took:.3f}}}'.encode()
        kept = entry.body.head
        encoding = headers.get(b"accept-encoding")
        if encoding is not None and entry.body.worth_compressing and accepts_gzip(encoding):
            kept, tail = entry.body.gzipped(tail)
            extra = [*extra, _GZIP]
        start: Message = {
            "type": "http.response.start",
            "status": entry.status,
            "headers": [*entry.headers, *extra, (b"content-length", b"%d" % (len(kept) + len(tail)))],
        }
        if bodiless:
            return [start, _NOTHING]
        part: Message = {"type": "http.response.body", "body": kept, "more_body": True}
        return [start, part, {"type": "http.response.body", "body": tail}]

    async def _send_problem(
        self, problem: Problem, exchange: Exchange, scope: Scope, extra: _Headers, send: Send, *, bodiless: bool
    ) -> None:
        exchange.status = problem.status
        body = problem.body(scope["path"], exchange.request_id)
        given = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body)), *given]
        await send(
            {
                "type": "http.response.start",
                "status": problem.status,
                "headers": [*headers, *_SECURITY, _CLOSED, *extra],
            }
        )
        await send({"type": "http.response.body", "body": b"" if bodiless else body})


def _limit_headers(limiter: RateLimiter, allowance: Allowance | None) -> _Headers:
    """The headers of draft-ietf-httpapi-ratelimit-headers. Raises Problem when the limit is reached."""
    if allowance is None:
        return []
    limit = limiter.limit
    resets_in = max(int(allowance.resets_in + 0.999), 1)
    headers = [
        (b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit.requests, limit.seconds)),
        (b"ratelimit", b'"default";r=%d;t=%d' % (allowance.left, resets_in)),
    ]
    if not allowance.passes:
        raise Problem(
            429, f"More than {limit.requests} requests in {limit.seconds} s. Try again in {resets_in} s",
            headers={"Retry-After": str(resets_in), **{name.decode(): value.decode() for name, value in headers}},
        )  # fmt: skip
    return headers


async def _read_body(receive: Receive) -> bytes:
    """The whole body, counted as it comes: what a header says of its length is not relied on."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Problem(400, "The body did not come to its end", headers={"Connection": "close"})
                body += message.get("body", b"")
                if len(body) > _MAX_BODY:
                    raise Problem(
                        413, f"The body has more than {_MAX_BODY // 1024} kB", headers={"Connection": "close"}
                    )
                if not message.get("more_body"):
                    break
    except TimeoutError:
        raise Problem(
            408, f"The body did not come within {_BODY_SECONDS:.0f} s", headers={"Connection": "close"}
        ) from None
    return bytes(body)


def _replay(body: bytes) -> Receive:
    """A `receive` that gives a body that was read before."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _route(scope: Scope) -> str:
    """The template of the path that was answered, so that metrics don't grow with what is asked for."""
    return getattr(scope.get("route"), "path", "(none)")
