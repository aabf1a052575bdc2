"""The event loop of the API's workers: uvloop, which takes all connections that wait at once."""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any

if sys.platform == "win32":
    Base = asyncio.ProactorEventLoop
else:
    from uvloop import Loop as Base


class Loop(Base):
    """libuv takes one waiting connection each time it looks for what is ready, and with much to answer it looks some
    thirty times a second: the last of 500 clients who come at once would wait for many seconds."""

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *args: Any, sock: socket.socket | None = None,
        **more: Any,
    ) -> Any:  # fmt: skip
        """Like that of any loop; `sock` is a socket to listen on."""
        if sock is None:
            return await super().create_server(protocol_factory, *args, **more)
        queue = _Queue(self, sock, protocol_factory)
        return await super().create_server(queue.first, *args, sock=sock, **more)


class _Queue:
    """The connections that wait at a listening socket."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, make: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._make = make
        self._taking: set[asyncio.Task[Any]] = set()

    def first(self) -> asyncio.BaseProtocol:
        """The protocol of the connection that the loop has taken; the others behind it are taken next."""
        self._loop.call_soon(self._take_all)
        return self._make()

    def _take_all(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # None is left, or none can be had: the loop sees to that itself.
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)
