"""Asking from within: the app's own answers, for the pages that show them.

The edge is not passed again: the request that a page answers was counted, limited and let in there already.
"""

from starlette.types import ASGIApp, Message, Scope

from kasparro.api.exchange import Exchange


async def ask(app: ASGIApp, outer: Scope, path: str, query: str) -> tuple[int, bytes]:
    """The status and the body of what `app` answers to `GET path?query`, as of the same moment as `outer`."""
    asking: Exchange = outer["exchange"]
    exchange = Exchange("GET", path, query, asking.headers, asking.client)
    exchange.request_id = asking.request_id
    exchange.stamp = asking.stamp
    parts: list[bytes] = []
    status = 200

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    scope = {
        "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": None, "query_string": query.encode("latin-1"), "root_path": "", "headers": [], "client": None,
        "server": None, "state": {}, "exchange": exchange,
    }  # fmt: skip
    await app(scope, _nothing, send)
    asking.stamp = exchange.stamp
    if exchange.rendered is not None:
        return exchange.rendered.status_code, exchange.rendered.head + b"}"
    return status, b"".join(parts)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
