"""The edge: the outermost layer, through which every request comes and every answer leaves.

It counts and limits, answers from the cache, gives every answer its headers, and turns what breaks into a problem.
What is answered here never reaches FastAPI; that is where the speed comes from.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Set
from functools import partial
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kasparro.api.answer import Answer, Fixed
from kasparro.api.cache import AnswerCache, Entry, Stamp
from kasparro.api.clients import Clients
from kasparro.api.desk import Desk
from kasparro.api.encoding import accepts_gzip
from kasparro.api.exchange import Exchange, HeaderList, Headers
from kasparro.api.exports import accepted_format
from kasparro.api.gate import Gate
from kasparro.api.limits import Allowance, RateLimiter
from kasparro.api.metrics import Metrics
from kasparro.api.problems import MEDIA_TYPE, Problem, TooMany, problem_of
from kasparro.errors import KasparroError

log = structlog.stdlib.get_logger(__name__)

EXEMPT = frozenset({"/livez", "/readyz", "/health", "/health/detailed", "/metrics"})
"""What is neither limited nor shed: who watches must always see."""

_MAX_BODY = 64 * 1024
_BODY_SECONDS = 10.0
_READING = ("GET", "HEAD")
_BUG = "This is a bug. The log has more under this request's id"
SECURITY = [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")]
_VARY = ("vary", "accept, accept-encoding")
CLOSED = ("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
_GZIP = ("content-encoding", "gzip")
_Headers = list[tuple[str, str]]
PageOf = Callable[[str, int, str, bool], tuple[str, Mapping[str, str]]]
_NONE = Fixed()


class Edge:
    """Wraps `app`. At most `max_waiting` requests are worked on at a time; more are refused at once with 503. The
    paths of `files` are neither limited nor shed, like those of EXEMPT: pages need them to show anything. `page_of`
    makes a page of what is refused, from its path, status, detail, and whether only too many ask: HTML, and its own
    headers."""

    def __init__(
        self, app: ASGIApp, desk: Desk, *, cache: AnswerCache, clients: Clients, gate: Gate,
        limiter: RateLimiter | None, metrics: Metrics, max_waiting: int, files: Set[str], page_of: PageOf,
    ) -> None:  # fmt: skip
        self._app = app
        self._desk = desk
        self._cache = cache
        self._clients = clients
        self._gate = gate
        self._limiter = limiter
        self._metrics = metrics
        self._max_waiting = max_waiting
        self._exempt = EXEMPT | files
        self._page_of = page_of
        self._working = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that came as ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = scope["client"][0] if scope.get("client") else ""
        headers, query = HeaderList(scope["headers"]), scope["query_string"].decode("latin-1")
        exchange = self.arrival(scope["method"], scope["path"], query, headers, peer)
        answer = await self.meet(exchange, partial(self.pass_on, exchange, scope, receive, send))
        if answer is not None:
            sent = _encoded([*answer.fixed.pairs, *answer.more])
            await send({"type": "http.response.start", "status": answer.status, "headers": sent})
            await send({"type": "http.response.body", "body": b"".join(answer.body)})

    def arrival(
        self, method: str, path: str, query: str, headers: Headers, peer: str, began: float | None = None
    ) -> Exchange:
        """The exchange that begins with this request, now or at the clock's reading `began`; `peer` is the address that
        it came from."""
        return Exchange(method, path, query, headers, self._clients.address(peer, headers), began)

    def may_recall(self, method: str, path: str, query: str, headers: Headers) -> bool:
        """Whether a plain request may have an answer that is kept, so that `soon` and `recall` are worth it: what is
        asked again and again leaves nothing lying about meanwhile, and takes half of what a task for each does."""
        if self._limiter is not None or self._gate.closed or self._working >= self._max_waiting:
            return False
        return self._question(method, path, query, headers) is not None

    def soon(self, then: Callable[[Stamp | Exception], None]) -> None:
        """Call `then`, which is to `recall`, with the stamp of a moment after this one, or with why there is none."""
        self._working += 1
        self._desk.stamps.tell(then)

    def recall(self, exchange: Exchange, stamp: Stamp | Exception) -> Answer | None:
        """The answer to `exchange` that is kept; None when it is to be met after all."""
        answer = None
        try:
            if isinstance(stamp, Exception):
                raise stamp
            exchange.stamp = stamp
            question = self._question(exchange.method, exchange.path, exchange.query, exchange.headers)
            if question is not None:
                answer = self._recalled(exchange, question, stamp)
        except KasparroError as error:
            log.warning("request_failed", error=error.message, request_id=exchange.request_id, path=exchange.path)
            answer = self._refusal(problem_of(error), exchange)
        except Exception:
            log.exception("request_broke", request_id=exchange.request_id, path=exchange.path)
            answer = self._refusal(Problem(500, _BUG), exchange)
        if answer is None:
            self._working -= 1
        else:
            self._met(exchange)
        return answer

    async def meet(self, exchange: Exchange, pass_on: Callable[[], Awaitable[None]]) -> Answer | None:
        """The answer to `exchange`; None when `pass_on`, which is to be `Edge.pass_on`, has sent it already."""
        self._working += 1
        try:
            return await self._answer(exchange, pass_on)
        except Problem as problem:
            return self._refusal(problem, exchange)
        except KasparroError as error:
            log.warning("request_failed", error=error.message, request_id=exchange.request_id, path=exchange.path)
            return self._refusal(problem_of(error), exchange)
        except Exception:
            log.exception("request_broke", request_id=exchange.request_id, path=exchange.path)
            return self._refusal(Problem(500, _BUG), exchange)
        finally:
            self._met(exchange)

    def _met(self, exchange: Exchange) -> None:
        self._worked(exchange)
        took = time.perf_counter() - exchange.began
        self._metrics.answered(exchange.method, exchange.route, exchange.status, took)

    def _worked(self, exchange: Exchange) -> None:
        """There is nothing left to do but to send: how fast a client reads is in nobody's way."""
        if exchange.working:
            exchange.working = False
            self._working -= 1

    async def _answer(self, exchange: Exchange, pass_on: Callable[[], Awaitable[None]]) -> Answer | None:
        path = exchange.path
        if path not in self._exempt:
            if self._working > self._max_waiting:
                self._metrics.shed()
                raise TooMany
            if self._limiter is not None:
                exchange.extra += _limit_headers(self._limiter, await self._limiter.ask(exchange.client))
        if self._gate.closed:
            await self._gate.admit_reader(exchange, path)
        question = self._question(exchange.method, path, exchange.query, exchange.headers)
        if question is not None:
            answer = self._recalled(exchange, question, await self._desk.stamp(exchange))
            if answer is not None:
                return answer
        await pass_on()
        if (rendered := exchange.rendered) is None:
            return None
        headers = [*rendered.kept_headers, ("cache-control", self._gate.caching), _VARY, *SECURITY, CLOSED]
        entry = Entry(exchange.stamp, exchange.route, rendered.status_code, rendered.head, headers)
        if rendered.question is not None:
            self._cache.put((path, exchange.query), rendered.question, entry)
        return _kept(entry, exchange)

    def _question(self, method: str, path: str, query: str, headers: Headers) -> str | None:
        """The canonical form of what is asked, if it was answered before with what can be kept."""
        if method not in _READING or accepted_format(headers.get("accept") or "") != "json":
            return None
        return self._cache.question((path, query))

    def _recalled(self, exchange: Exchange, question: str, stamp: Stamp) -> Answer | None:
        """The answer that is kept, if it is one of this very moment."""
        entry = self._cache.get(question, stamp)
        if entry is None:
            return None
        self._metrics.cached()
        return _kept(entry, exchange)

    def _refusal(self, problem: Problem, exchange: Exchange) -> Answer:
        exchange.status = problem.status
        if _is_visit(exchange):
            busy = isinstance(problem, TooMany)
            text, its_own = self._page_of(exchange.path, problem.status, problem.detail, busy)
            body = text.encode()
            headers = [("content-type", "text/html; charset=utf-8"), *its_own.items()]
        else:
            body = problem.body(exchange.path, exchange.request_id)
            headers = [("content-type", MEDIA_TYPE), CLOSED]
        headers.append(("content-length", str(len(body))))
        headers += [(name.lower(), value) for name, value in problem.headers.items()]
        headers += [*SECURITY, *exchange.extra]
        return Answer(problem.status, _NONE, headers, () if exchange.method == "HEAD" else (body,))

    async def pass_on(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer; what it renders to be kept is in `exchange` then, and nothing is sent."""
        method = exchange.method
        scope["exchange"] = exchange
        if method == "HEAD":
            # The server still has to know that no body follows.
            scope = {**scope, "method": "GET"}
        elif method not in ("GET", "OPTIONS"):
            # Nor is it work to wait for a body.
            self._working -= 1
            try:
                receive = _replay(await _read_body(exchange.headers, receive))
            finally:
                self._working += 1
        started = False

        async def finish(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._worked(exchange)
                exchange.status = message["status"]
                headers = message["headers"] = [*message["headers"], *_encoded([*SECURITY, *exchange.extra])]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers += _encoded([CLOSED])
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
                    raise Problem(500, _BUG) from error
        exchange.route = _route(scope)


def _is_visit(exchange: Exchange) -> bool:
    """Whether somebody wants to see one of the pages, with their own eyes."""
    return (
        exchange.method in _READING
        and (exchange.path == "/dashboard" or exchange.path.startswith("/dashboard/"))
        and "text/html" in (exchange.headers.get("accept") or "")
    )


def _kept(entry: Entry, exchange: Exchange) -> Answer:
    """The answer to `exchange` from what is kept: unchanged (304), or with last members of its own."""
    exchange.route = entry.route
    extra = exchange.extra
    given = exchange.headers.get("if-none-match")
    if given is not None and entry.status == 200 and (entry.etag[2:] in given or given.strip() == "*"):
        exchange.status = 304
        return Answer(304, entry.fixed, extra, ())
    exchange.status = entry.status
    took = _milliseconds(time.perf_counter() - exchange.began)
    tail = f',"request_id":"{exchange.request_id}","api_latency_ms":{took}}}'.encode()
    encoding = exchange.headers.get("accept-encoding")
    if encoding is not None and entry.body.worth_compressing and accepts_gzip(encoding):
        body = entry.body.gzipped(tail)
        extra = [*extra, _GZIP]
    else:
        body = (entry.body.head, tail)
    more = [*extra, ("content-length", str(len(body[0]) + len(body[1])))]
    return Answer(entry.status, entry.fixed, more, () if exchange.method == "HEAD" else body)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"


def _encoded(headers: _Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _limit_headers(limiter: RateLimiter, allowance: Allowance | None) -> _Headers:
    """The headers of draft-ietf-httpapi-ratelimit-headers. Raises Problem when the limit is reached."""
    if allowance is None:
        return []
    limit = limiter.limit
    resets_in = max(int(allowance.resets_in + 0.999), 1)
    headers = [
        ("ratelimit-policy", f'"default";q={limit.requests};w={limit.seconds}'),
        ("ratelimit", f'"default";r={allowance.left};t={resets_in}'),
    ]
    if not allowance.passes:
        raise Problem(
            429, f"More than {limit.requests} requests in {limit.seconds} s. Try again in {resets_in} s",
            headers={"Retry-After": str(resets_in), **dict(headers)},
        )  # fmt: skip
    return headers


async def _read_body(headers: Headers, receive: Receive) -> bytes:
    """The whole body, counted as it comes, whatever its length is said to be."""
    said = headers.get("content-length")
    too_long = Problem(413, f"The body has more than {_MAX_BODY // 1024} kB", headers={"Connection": "close"})
    if said is not None and (len(said) > 9 or int(said) > _MAX_BODY):
        raise too_long
    body = bytearray()
    whole = False
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while not whole and (message := await receive())["type"] == "http.request":
                body += message.get("body", b"")
                if len(body) > _MAX_BODY:
                    raise too_long
                whole = not message.get("more_body")
    except TimeoutError:
        raise Problem(
            408, f"The body did not come within {_BODY_SECONDS:.0f} s", headers={"Connection": "close"}
        ) from None
    if not whole or (said is not None and len(body) != int(said)):
        raise Problem(400, "The body did not come to its end", headers={"Connection": "close"})
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
