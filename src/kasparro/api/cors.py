"""CORS: which other origins' pages may call, and how those are refused that may not."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kasparro.api.edge import CLOSED, SECURITY
from kasparro.api.exchange import Exchange, HeaderList
from kasparro.api.problems import MEDIA_TYPE, Problem


class Shared(CORSMiddleware):
    """Starlette's, whose answers to preflight requests have our headers; a refusal is a problem like any other."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, pass on any other."""
        asked = Headers(scope=scope) if scope["type"] == "http" and scope["method"] == "OPTIONS" else Headers()
        if "origin" not in asked or "access-control-request-method" not in asked:
            await super().__call__(scope, receive, send)
            return
        response = self.preflight_response(request_headers=asked)
        exchange = Exchange("OPTIONS", scope["path"], "", HeaderList(scope["headers"]), "")
        if response.status_code != 200:
            refused = Problem(response.status_code, f"{bytes(response.body).decode()}. CORS_ORIGINS lists who may call")
            kept = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
            body = refused.body(exchange.path, exchange.request_id)
            response = Response(body, refused.status, kept, MEDIA_TYPE)
        for name, value in (*exchange.extra, *SECURITY, CLOSED):
            response.headers[name] = value
        await response(scope, receive, send)
