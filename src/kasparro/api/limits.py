"""The rate limit: exact over all workers, counted in batches, and open when it can't be counted."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import structlog

from kasparro.config import RateLimit
from kasparro.store.connection import Connection
from kasparro.store.kept import KeptConnection
from kasparro.store.rates import Window, forget_windows, spend_requests

log = structlog.stdlib.get_logger(__name__)

_PAUSE_S = 1.0
"""How long nothing is counted after a failure, so that a dead database costs nobody a wait."""

_TIDY_EVERY_S = 60.0


class Allowance(msgspec.Struct, frozen=True):
    """Whether a request may pass, how many more may, and the seconds until a new window begins."""

    passes: bool
    left: int
    resets_in: float


class RateLimiter:
    """Lets `limit.requests` a client and window through. Requests that arrive while others are being counted are
    counted together, by one statement, whichever worker they came to. `failed` is told when it can't count."""

    def __init__(self, connection: KeptConnection, limit: RateLimit, failed: Callable[[], None]) -> None:
        self.limit = limit
        self._connection = connection
        self._failed = failed
        self._waiting: list[tuple[str, asyncio.Future[Allowance | None]]] = []
        self._counting: asyncio.Task[None] | None = None
        self._full: dict[str, float] = {}
        self._open_until = 0.0
        self._tidied = time.monotonic()

    def ask(self, client: str) -> asyncio.Future[Allowance | None]:
        """The allowance of `client` for one request more; None when it couldn't be counted."""
        future: asyncio.Future[Allowance | None] = asyncio.get_running_loop().create_future()
        now = time.monotonic()
        if now < self._open_until:
            self._failed()
            future.set_result(None)
        elif (ends := self._full.get(client, 0.0)) > now:
            # A window that is full stays so until its end: there is nothing to ask.
            future.set_result(Allowance(False, 0, ends - now))
        else:
            self._waiting.append((client, future))
            if self._counting is None:
                self._counting = asyncio.create_task(self._count())
        return future

    async def _count(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    await self._count_together(batch)
                except Exception as error:  # whatever it is: who waits here must not wait for ever
                    log.warning("rate_limit_open", error=str(error))
                    self._open_until = time.monotonic() + _PAUSE_S
                    for _, future in batch:
                        self._failed()
                        _settle(future, None)
        finally:
            self._counting = None

    async def _count_together(self, batch: list[tuple[str, asyncio.Future[Allowance | None]]]) -> None:
        counts = Counter(client for client, _ in batch)
        async with self._connection.use() as connection:
            windows = await spend_requests(connection, counts, self.limit.seconds)
            await self._tidy(connection)
        now = time.monotonic()
        numbers = {client: windows[client].used - count for client, count in counts.items()}
        for client, future in batch:
            numbers[client] += 1
            _settle(future, self._allowance(client, numbers[client], windows[client], now))

    def _allowance(self, client: str, number: int, window: Window, now: float) -> Allowance:
        if number > self.limit.requests:
            self._full[client] = now + window.resets_in
        return Allowance(number <= self.limit.requests, max(self.limit.requests - number, 0), window.resets_in)

    async def _tidy(self, connection: Connection) -> None:
        now = time.monotonic()
        if now < self._tidied + _TIDY_EVERY_S:
            return
        self._tidied = now
        self._full = {client: ends for client, ends in self._full.items() if ends > now}
        await forget_windows(connection, self.limit.seconds)


def _settle(future: asyncio.Future[Allowance | None], allowance: Allowance | None) -> None:
    if not future.done():  # its client may have gone
        future.set_result(allowance)
