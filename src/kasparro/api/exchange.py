"""An exchange: one request on its way through the edge, and what is found out about it there."""

import re
import time
from random import getrandbits
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Response
from starlette.types import Receive, Scope, Send

from kasparro.api.cache import Stamp

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Headers(Protocol):
    """A request's headers, by name in lower case."""

    def get(self, name: str, default: str | None = None, /) -> str | None:
        """The first header of this name."""
        ...

    def get_all(self, name: str, /) -> list[str]:
        """All headers of this name, in their order."""
        ...


class HeaderList:
    """Headers as ASGI gives them: pairs of bytes, the names in lower case."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.pairs = pairs

    def get(self, name: str, default: str | None = None, /) -> str | None:
        """The first header of this name."""
        wanted = name.encode()
        for known, value in self.pairs:
            if known == wanted:
                return value.decode("latin-1")
        return default

    def get_all(self, name: str, /) -> list[str]:
        """All headers of this name, in their order."""
        wanted = name.encode()
        return [value.decode("latin-1") for known, value in self.pairs if known == wanted]


class Exchange:
    """`path` is decoded, `query` as it came. `began` is the clock's reading (`time.perf_counter`) at arrival.
    `extra` are headers that the answer gets whatever it is. `stamp` is what the answer depends on, read after arrival
    where something has asked for it. `rendered` is a handler's answer that the edge is to send. `working` until there
    is nothing left to do but to send."""

    __slots__ = (
        "began", "client", "extra", "headers", "method", "path", "query", "rendered", "request_id", "route",
        "stamp", "status", "working",
    )  # fmt: skip

    def __init__(
        self, method: str, path: str, query: str, headers: Headers, client: str, began: float | None = None
    ) -> None:
        self.began = time.perf_counter() if began is None else began
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.client = client
        given = headers.get("x-request-id")
        self.request_id = f"{getrandbits(64):016x}" if given is None or not _SANE_ID.fullmatch(given) else given
        self.extra = [("x-request-id", self.request_id)]
        self.stamp: Stamp | None = None
        self.rendered: Rendered | None = None
        self.route = "(none)"
        self.status = 0
        self.working = True


class Rendered(Response):
    """A JSON object without its end, to be kept under `question` by the edge (None: not at all) and sent from there.

    The edge adds `request_id` and `api_latency_ms` as the last members.
    """

    def __init__(self, question: str | None, head: bytes, headers: dict[str, str] | None = None) -> None:
        super().__init__(b"", 200, headers, "application/json")
        self.question = question
        self.head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand itself to the edge."""
        scope["exchange"].rendered = self

    @property
    def kept_headers(self) -> list[tuple[str, str]]:
        """The headers that don't depend on the body's length."""
        return [(name, value) for name, value in self.headers.items() if name != "content-length"]


async def _of(request: Request) -> Any:  # else FastAPI calls it in a thread
    return request.scope["exchange"]


Current = Annotated[Exchange, Depends(_of)]
"""The exchange of the request that a handler answers."""
