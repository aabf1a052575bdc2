"""Name lookup that never holds up the program's end."""

import asyncio
import socket
import threading


class Lookup:
    """Finds out whether a host's name can be resolved.

    The system's resolver can't be interrupted and may hang for a minute where the network is cut off. It runs
    in a daemon thread, one at a time, so that waiting for it can be given up and the program can still end.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._under_way: asyncio.Future[None] | None = None

    async def resolved(self) -> None:
        """Return once the name is resolved. Raises OSError when it can't be."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._look, args=(self._under_way,), name="lookup", daemon=True).start()
        await asyncio.shield(self._under_way)

    def _look(self, answer: asyncio.Future[None]) -> None:
        error: OSError | None = None
        try:
            socket.getaddrinfo(self._host, None)
        except OSError as problem:
            error = problem
        loop = answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, answer, error)


def _settle(answer: asyncio.Future[None], error: OSError | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(None)
    else:
        answer.set_exception(error)
