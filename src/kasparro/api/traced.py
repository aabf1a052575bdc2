"""The edge, with a span for each exchange. It stands in the usual one's place where traces are sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from kasparro.api.answer import Answer
from kasparro.api.edge import Edge
from kasparro.api.exchange import Exchange, Headers
from kasparro.observability.traces import flush_traces, span

_FLUSH_S = 1.5
"""What is left of the time that a server has for its end."""


class TracedEdge(Edge):
    """An edge whose exchanges are traced, but for those of who only watches, and for files."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's life: its last traces are sent before its end."""
        if scope["type"] != "lifespan":
            await super().__call__(scope, receive, send)
            return

        async def end(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.to_thread(flush_traces), _FLUSH_S)
            await send(message)

        await super().__call__(scope, receive, end)

    def may_recall(self, method: str, path: str, query: str, headers: Headers) -> bool:
        """Never: a span wants to begin and end around all of it."""
        return False

    async def meet(self, exchange: Exchange, pass_on: Callable[[], Awaitable[None]]) -> Answer | None:
        """The answer to `exchange`, as of an Edge; within the caller's trace, if there is one."""
        if exchange.path in self._exempt:
            return await super().meet(exchange, pass_on)
        about = {
            "http.request.method": exchange.method,
            "url.path": exchange.path,
            "kasparro.request_id": exchange.request_id,
        }
        parent = exchange.headers.get("traceparent")
        with span(exchange.method, kind="server", parent=parent, about=about) as seen:
            answer = await super().meet(exchange, pass_on)
            if exchange.route.startswith("/"):
                seen.rename(f"{exchange.method} {exchange.route}")
                seen.note("http.route", exchange.route)
            seen.note("http.response.status_code", exchange.status)
            if exchange.status >= 500:
                seen.fail(str(exchange.status))
            return answer
