"""The front: how the server's own interface (RSGI) meets the edge, and the app behind it, which speaks ASGI.

Most answers leave from the edge, and need no ASGI: a third more of them a second leave this way.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]
from starlette.types import ASGIApp, Message, Scope

from kasparro.api.edge import Edge
from kasparro.api.exchange import Headers


class Arrived(Protocol):
    """A request as the server gives it (RSGI 1.5: `granian.rsgi.Scope`)."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> "ArrivedHeaders": ...


class ArrivedHeaders(Headers, Protocol):
    """Its headers."""

    def items(self) -> list[tuple[str, str]]:
        """All of them."""
        ...


class Sender(Protocol):
    """How it is answered (`granian.rsgi.HTTPProtocol`)."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes | bytearray) -> None: ...
    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Any: ...


class Front:
    """`outer` is what stands before the edge and speaks ASGI only, if anything does. `life` lasts as long as the
    worker does."""

    def __init__(self, edge: Edge, outer: ASGIApp | None, life: AbstractAsyncContextManager[Any]) -> None:
        self._edge = edge
        self._outer = outer
        self._life = life
        self.asgi: ASGIApp = outer or edge

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin."""
        loop.run_until_complete(self._life.__aenter__())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End."""
        loop.run_until_complete(self._life.__aexit__(None, None, None))

    async def __rsgi__(self, arrived: Arrived, protocol: Sender) -> None:
        """Answer one request."""
        if self._outer is not None:
            wire = _Wire(protocol)
            await self._outer(_asgi(arrived), wire.receive, wire.send)
            return
        edge = self._edge
        exchange = edge.arrival(
            arrived.method, arrived.path, arrived.query_string, arrived.headers, _host(arrived.client)
        )

        async def pass_on() -> None:
            wire = _Wire(protocol)
            await edge.pass_on(exchange, _asgi(arrived), wire.receive, wire.send)

        answer = await edge.meet(exchange, pass_on)
        if answer is not None:
            protocol.response_bytes(*answer)


class _Wire:
    """`receive` and `send` of ASGI over a request's RSGI protocol."""

    def __init__(self, protocol: Sender) -> None:
        self._protocol = protocol
        self._chunks: AsyncIterator[bytes] | None = None
        self._start: Message = {}
        self._stream: Any = None

    async def receive(self) -> Message:
        if self._chunks is None:
            self._chunks = aiter(self._protocol)
        try:
            # Neither `anext` with a default nor a second `async for`: this server's iterators know neither.
            chunk = await self._chunks.__anext__()
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        body = message.get("body", b"")
        if self._stream is None:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._start["headers"]]
            if not message.get("more_body"):
                self._protocol.response_bytes(self._start["status"], headers, body)
                return
            self._stream = self._protocol.response_stream(self._start["status"], headers)
        if body:
            try:
                await self._stream.send_bytes(body)
            except ProtocolClosed as error:
                raise OSError("the client is gone") from error


def _asgi(arrived: Arrived) -> Scope:
    """The same request as ASGI has it."""
    return {
        "type": "http",
        # Since 2.4 a `send` to nobody raises OSError.
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": arrived.http_version,
        "method": arrived.method,
        "scheme": arrived.scheme,
        "path": arrived.path,
        "query_string": arrived.query_string.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in arrived.headers.items()],
        "client": _address(arrived.client),
        "server": _address(arrived.server),
        "state": {},
    }


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _host(text: str) -> str:
    return text.rpartition(":")[0].strip("[]")
