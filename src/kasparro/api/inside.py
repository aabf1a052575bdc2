"""Asking from within: the app's own answers, for the pages that show them.

The edge is not passed again: the request that a page answers was counted, limited and let in there already.
"""

from starlette.types import ASGIApp, Message, Scope

from kasparro.api.cache import AnswerCache, Entry
from kasparro.api.desk import Desk
from kasparro.api.exchange import Exchange

_CACHE_BYTES = 16 * 1024 * 1024


class Inside:
    """Asks `app`, whose answers are made at `desk`, and keeps what may be kept as the edge does: never stale."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._cache = AnswerCache(_CACHE_BYTES)

    async def __call__(self, scope: Scope, path: str, query: str) -> tuple[int, bytes]:
        """The status and the body of what the app answers to `GET path?query`, as of the same moment as `scope`."""
        asking: Exchange = scope["exchange"]
        stamp = await self._desk.stamp(asking)
        if (question := self._cache.question((path, query))) is not None:
            kept = self._cache.get(question, stamp)
            if kept is not None:
                return kept.status, kept.body.head + b"}"
        exchange = Exchange("GET", path, query, asking.headers, asking.client)
        exchange.request_id = asking.request_id
        exchange.stamp = stamp
        status, body = await self._answered(scope, exchange)
        if (rendered := exchange.rendered) is None:
            return status, body
        if rendered.question is not None:
            entry = Entry(stamp, path, rendered.status_code, rendered.head, [])
            self._cache.put((path, query), rendered.question, entry)
        return rendered.status_code, rendered.head + b"}"

    async def _answered(self, outer: Scope, exchange: Exchange) -> tuple[int, bytes]:
        parts: list[bytes] = []
        status = 200

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        scope = {
            "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": exchange.path, "raw_path": None, "query_string": exchange.query.encode("latin-1"), "root_path": "",
            "headers": [], "client": None, "server": None, "state": {}, "exchange": exchange,
        }  # fmt: skip
        await self._app(scope, _nothing, send)
        return status, b"".join(parts)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
