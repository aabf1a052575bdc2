"""Single flight: many who ask for the same thing share one answer that was fetched after the last of them asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Calls `read` for all who wait, never more than once at a time, and never answers with what was read before
    somebody asked: that is what keeps a cached answer from being stale."""

    def __init__(self, read: Callable[[], Awaitable[Answer]]) -> None:
        self._read = read
        self._waiting: list[asyncio.Future[Answer]] = []
        self._listening: list[Callable[[Answer | Exception], None]] = []
        self._flying: asyncio.Task[None] | None = None

    def ask(self) -> asyncio.Future[Answer]:
        """What `read` gives or raises, called after this moment. Whoever gives up waiting stops nobody else."""
        # One future each is cheaper than one for all, behind a shield each.
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._start()
        return future

    def tell(self, listener: Callable[[Answer | Exception], None]) -> None:
        """Call `listener` with what `read` gives or raises, called after this moment. For hundreds who ask at a time
        this leaves less lying about than a future each."""
        self._listening.append(listener)
        self._start()

    def _start(self) -> None:
        if self._flying is None:
            self._flying = asyncio.create_task(self._fly())

    async def _fly(self) -> None:
        try:
            while self._waiting or self._listening:
                batch, self._waiting = self._waiting, []
                listeners, self._listening = self._listening, []
                answer: Answer | Exception
                try:
                    answer = await self._read()
                except Exception as error:
                    answer = error
                    for future in batch:
                        if not future.done():
                            future.set_exception(error)
                else:
                    for future in batch:
                        if not future.done():
                            future.set_result(answer)
                for listener in listeners:
                    try:
                        listener(answer)
                    except Exception as error:  # the others must hear it
                        told = {"message": "a listener broke", "exception": error}
                        asyncio.get_running_loop().call_exception_handler(told)
        finally:
            self._flying = None
