"""An exchange: one request on its way through the edge, and what is found out about it there."""

import re
import time
from random import getrandbits
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.types import Receive, Scope, Send

from kasparro.api.cache import Stamp

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class Exchange:
    """`began` is the clock's reading (`time.perf_counter`) at arrival. `stamp` is what the answer depends on,
    read after that where something has asked for it. `rendered` is a handler's answer that the edge is to send.
    `working` until there is nothing left to do but to send."""

    __slots__ = ("began", "client", "headers", "rendered", "request_id", "route", "stamp", "status", "working")

    def __init__(self, headers: dict[bytes, bytes], client: str) -> None:
        self.began = time.perf_counter()
        self.headers = headers
        self.client = client
        given = headers.get(b"x-request-id")
        if given is not None and _SANE_ID.fullmatch(given):
            self.request_id = given.decode()
        else:
            self.request_id = f"{getrandbits(64):016x}"
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
    def kept_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that don't depend on the body's length."""
        return [(name, value) for name, value in self.raw_headers if name != b"content-length"]


async def _of(request: Request) -> Any:  # else FastAPI calls it in a thread
    return request.scope["exchange"]


Current = Annotated[Exchange, Depends(_of)]
"""The exchange of the request that a handler answers."""
