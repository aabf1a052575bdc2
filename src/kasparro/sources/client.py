"""The polite HTTP client that all providers share: rate, quota, retries, waits and size limits."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpx2
import structlog
from pyrate_limiter import Limiter, Rate
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from kasparro.observability.traces import span
from kasparro.sources.contract import Payload, Request, Tally
from kasparro.sources.errors import RequestSkipped, SourceStopped, SourceUnreachable, TryAgain
from kasparro.sources.lookup import Lookup
from kasparro.sources.politeness import Politeness
from kasparro.sources.verdict import Action, Verdict, judge, read_answer

log = structlog.stdlib.get_logger(__name__)

MAX_PAYLOAD = 100 * 1024 * 1024
"""Bytes that an answer may have. CoinPaprika's whole coin list has about 10 MB."""

ATTEMPT_SECONDS = 60.0
LEAST_SECONDS = 2.0
"""What an attempt may take in any case: a busy machine answers late."""
_KEPT_HEADERS = ("age", "date", "etag", "last-modified", "total", "per-page", "content-type")
_UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout, socket.gaierror)
_RESUMES = "The next run goes on where this one ended"
_SIMULATED = "x-kasparro-sandbox"

Spend = Callable[[str, int | None], Awaitable[bool]]
"""Counts one call of a source against its month quota; False when the month is used up."""


@cache
def _trusted() -> ssl.SSLContext:
    """Whom all clients trust: to read the list of authorities takes longer than a page."""
    return httpx2.create_ssl_context()


class PoliteClient:
    """Fetches one provider's resources within what its plan allows.

    `name` is the source. `politeness` is its plan; `cap` (requests, seconds) limits the rate further. `key`
    is sent in the plan's header and never kept. `spend` is asked before each call. `time_budget` are the
    seconds after which no provider is waited for any more.
    """

    def __init__(
        self, name: str, politeness: Politeness, *, cap: tuple[int, float], key: str | None, spend: Spend,
        time_budget: float,
    ) -> None:  # fmt: skip
        self.name = name
        self.politeness = politeness
        self.tally = Tally()
        self._spend = spend
        self._paused_until = 0.0
        self._reached = True
        self._heard = False
        self._key = key
        self._lookup = Lookup(httpx2.URL(politeness.root).host)
        self._deadline = time.monotonic() + time_budget
        self._limiters = [
            Limiter(Rate(politeness.requests, round(politeness.period * 1000))),
            Limiter(Rate(cap[0], round(cap[1] * 1000))),
        ]
        headers = {"accept": "application/json", "user-agent": "kasparro"}
        if key and politeness.key_header:
            headers[politeness.key_header] = key
        self._http = httpx2.AsyncClient(
            verify=_trusted(),
            headers=headers,
            timeout=httpx2.Timeout(30.0, connect=3.0),
            limits=httpx2.Limits(max_connections=politeness.concurrency),
        )

    async def close(self) -> None:
        """Give back the connections."""
        await self._http.aclose()

    async def fetch(self, request: Request) -> Payload:
        """The answer to `request`, waited for as politely as the plan asks and the time budget allows.

        Raises RequestSkipped, SourceStopped or SourceUnreachable.
        """
        tries = _Tries(time.monotonic())
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TryAgain),
            wait=self._wait,
            stop=lambda state: self._give_up(state, tries),
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return await retrying(self._attempt, request, tries)
        except TryAgain as error:
            raise self._ended(error, request, tries) from error

    async def _attempt(self, request: Request, tries: "_Tries") -> Payload:
        if time.monotonic() > self._deadline and self.tally.requests:
            if tries.last:
                raise tries.last  # woke up late: the cause is what the last attempt met
            raise SourceStopped(f"{self.politeness.root}: this run's time is used up", remedy=_RESUMES)
        await self._wait_for_turn()
        if self._reached:
            await self._spend_one()
        self.tally.requests += 1
        url = self.politeness.root.rstrip("/") + request.path
        about = {"http.request.method": "GET", "server.address": httpx2.URL(url).host, "url.path": request.path}
        try:
            with span("GET", kind="client", about=about) as seen:
                async with asyncio.timeout(self._patience(tries)):
                    if not self._heard:
                        await self._lookup.resolved()
                    async with self._http.stream("GET", url, params=request.params) as response:
                        self._heard = True
                        seen.note("http.response.status_code", response.status_code)
                        body = await _read(response)
                if response.status_code >= 400:
                    seen.fail(str(response.status_code))
        except (httpx2.TransportError, httpx2.DecodingError, OSError) as error:
            # A host that takes the call and never says a word is as far away as one that doesn't take it.
            silent = not self._heard and isinstance(error, TimeoutError | httpx2.TimeoutException)
            self._reached = not (silent or isinstance(error, _UNREACHED))
            raise TryAgain(f"{type(error).__name__} {error}".strip(), answered=self._reached) from error
        self._reached = True
        return self._accept(request, response, body)

    def _patience(self, tries: "_Tries") -> float:
        """The seconds that this attempt may take."""
        now = time.monotonic()
        patience = min(ATTEMPT_SECONDS, self._deadline - now)
        if not self._heard:
            patience = min(patience, tries.first + self.politeness.unreachable_after - now)
        return max(patience, LEAST_SECONDS)

    async def _wait_for_turn(self) -> None:
        """Wait until no pause is on and the rate gives leave. Attempts to reach a dead host cost no leave."""
        while True:
            if self._paused_until > self._deadline:
                raise SourceStopped("the pause asked for goes beyond this run's time", remedy=_RESUMES)
            await asyncio.sleep(max(0.0, self._paused_until - time.monotonic()))
            if self._reached:
                for limiter in self._limiters:
                    await limiter.try_acquire_async(self.name)
            if time.monotonic() >= self._paused_until:  # else a pause began while the rate was waited for
                return

    async def _spend_one(self) -> None:
        """Count the call against the month. Attempts to reach a dead host aren't counted."""
        if not await self._spend(self.name, self.politeness.month_quota):
            raise SourceStopped(
                f"the month's {self.politeness.month_quota} calls to {self.name} are used up",
                remedy="Wait for the next month, or set a key of a larger plan",
            )

    def _accept(self, request: Request, response: httpx2.Response, body: bytes) -> Payload:
        verdict = judge(read_answer(response.status_code, body))
        match verdict.action:
            case Action.ACCEPT:
                headers = response.headers
                about = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
                return Payload(body, datetime.now(UTC), about, simulated=_SIMULATED in headers)
            case Action.RETRY:
                hint = self._hint(response, verdict)
                if hint is not None:
                    self._paused_until = max(self._paused_until, time.monotonic() + hint)
                raise TryAgain(self._struck(verdict.reason), wait=hint)
            case Action.SKIP:
                raise RequestSkipped(f"{request.path}: {self._struck(verdict.reason)}", remedy=verdict.remedy)
            case Action.STOP:
                raise SourceStopped(self._struck(verdict.reason), remedy=verdict.remedy)

    def _struck(self, said: str) -> str:
        """What a provider said, without our key, should it have been repeated."""
        return said.replace(self._key, "[key]") if self._key else said

    def _hint(self, response: httpx2.Response, verdict: Verdict) -> float | None:
        hint = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        if hint is None and verdict.rate_limited:
            return self.politeness.wait_after_429
        return hint

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TryAgain) and error.wait is not None:
            return error.wait
        return wait_random_exponential(self.politeness.backoff_base, self.politeness.backoff_cap)(state)

    def _give_up(self, state: RetryCallState, tries: "_Tries") -> bool:
        error = state.outcome.exception() if state.outcome else None
        now = time.monotonic()
        tries.last = error if isinstance(error, TryAgain) else None
        if now + state.upcoming_sleep > self._deadline:
            return True
        if isinstance(error, TryAgain) and not error.answered:
            return now + state.upcoming_sleep - tries.first > self.politeness.unreachable_after
        if isinstance(error, TryAgain) and error.wait is None:
            tries.failures += 1
        return tries.failures >= self.politeness.attempts

    def _tell(self, state: RetryCallState) -> None:
        self.tally.retries += 1
        error = state.outcome.exception() if state.outcome else None
        log.info("retrying", source=self.name, why=str(error), wait_seconds=round(state.upcoming_sleep, 1))

    def _ended(self, error: TryAgain, request: Request, tries: "_Tries") -> SourceStopped | RequestSkipped:
        if not error.answered:
            return SourceUnreachable(
                f"{self.politeness.root} can't be reached ({error.message})",
                remedy="Check the network, or try `make demo`, which needs none",
            )
        if error.wait is not None:
            return SourceStopped(
                f"{error.message}; the wait of {error.wait:.0f} s goes beyond this run's time",
                remedy=_RESUMES,
            )
        if tries.failures < self.politeness.attempts:
            return SourceStopped(
                f"{self.politeness.root}: {error.message}; this run's time is used up", remedy=_RESUMES
            )
        return RequestSkipped(f"{request.path}: {error.message}, {tries.failures} attempts")


class _Tries:
    """One request's attempts: when they began (monotonic), how many failed with no wait asked for, the last error."""

    def __init__(self, first: float) -> None:
        self.first = first
        self.failures = 0
        self.last: TryAgain | None = None


async def _read(response: httpx2.Response) -> bytes:
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > MAX_PAYLOAD:
            raise RequestSkipped(f"the answer has more than {MAX_PAYLOAD // 1024**2} MB")
    return bytes(parts)


def retry_after(header: str, now: datetime) -> float | None:
    """The wait in seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date).

    None for no hint: an absent, malformed or zero value.
    """
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header) or None
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    if then.tzinfo is None:
        return None
    return max(0.0, (then - now).total_seconds()) or None
