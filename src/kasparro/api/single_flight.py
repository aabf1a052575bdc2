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
        self._next: asyncio.Future[Answer] | None = None
        self._flying: asyncio.Task[None] | None = None

    def ask(self) -> asyncio.Future[Answer]:
        """What `read` gives or raises, called after this moment. Not to be cancelled: it belongs to all who wait."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._flying is None:
            self._flying = asyncio.create_task(self._fly())
        return self._next

    async def _fly(self) -> None:
        try:
            while self._next is not None:
                future, self._next = self._next, None
                try:
                    answer = await self._read()
                except Exception as error:
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # seen: nobody may wait for it any more
                else:
                    if not future.done():
                        future.set_result(answer)
        finally:
            self._flying = None
