"""The pages, put together: addresses, rendering, errors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kasparro.dashboard import asset, market, overview, quality, receipt, runs, series, start
from kasparro.dashboard.asking import Refused
from kasparro.dashboard.door import Admit, Door
from kasparro.dashboard.files import ROOT, all_files, digest
from kasparro.dashboard.live import Streams, live
from kasparro.dashboard.rendering import render
from kasparro.dashboard.visit import Content, House, Visit
from kasparro.errors import KasparroError, Retriable
from kasparro.store.errors import DatabaseUnavailable, SchemaOutdated

log = structlog.stdlib.get_logger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": POLICY, "cache-control": "no-cache", "cross-origin-opener-policy": "same-origin"}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
_BUG = "This is a bug. The log has more"
_PAGES: Mapping[str, Callable[[Visit], Awaitable[Content]]] = {
    "/dashboard": overview.overview,
    "/dashboard/market": market.market,
    "/dashboard/assets/{asset}": asset.asset,
    "/dashboard/quotes/{quote_id}": receipt.receipt,
    "/dashboard/runs": runs.runs,
    "/dashboard/runs/compare": runs.compare,
    "/dashboard/runs/{run_id}": runs.run,
    "/dashboard/quality": quality.quality,
    "/dashboard/quality/rejections": quality.rejections,
    "/dashboard/quality/drift": quality.drift,
    "/dashboard/quality/anomalies": quality.anomalies,
    "/dashboard/quality/disagreements": quality.disagreements,
    "/dashboard/start": start.start,
}


def make_pages(house: House, admit: Admit, streams: Streams) -> ASGIApp:
    """The pages below `/dashboard`, for those whom `admit` lets in."""
    routes = [Route(path, partial(_show, house, page), name=path) for path, page in _PAGES.items()]
    routes += [
        Route("/dashboard/", _entrance),
        Route("/dashboard/assets/{asset}/series", partial(_series, house)),
        Route("/dashboard/live", partial(live, house, streams)),
        Route(ROOT + "/{digest}/{name:path}", _file),
    ]
    pages = Starlette(
        routes=routes,
        middleware=[
            Middleware(Door, admit=admit, sign_in=_SignIn(house)),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5),
        ],
        exception_handlers={
            Refused: partial(_refused, house), KasparroError: partial(_failed, house),
            HTTPException: partial(_missed, house), Exception: partial(_broke, house),
        },
    )  # fmt: skip
    pages.router.redirect_slashes = False
    return pages


class _SignIn:
    """What those see whom nothing lets in."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show it."""
        content = Content("sign_in.html", {"now": None, "simulated": []}, 401)
        await _rendered(self._house, Request(scope), content, {})(scope, receive, send)


async def _show(house: House, page: Callable[[Visit], Awaitable[Content]], request: Request) -> Response:
    visit = Visit(house, request)
    content, simulated = await asyncio.gather(page(visit), visit.simulated())
    return _rendered(house, request, content, {"now": visit.now, "simulated": simulated})


async def _entrance(request: Request) -> Response:
    return RedirectResponse("/dashboard", 308)


async def _series(house: House, request: Request) -> Response:
    return JSONResponse(await series.series(Visit(house, request)), 200, {"cache-control": "no-cache"})


async def _file(request: Request) -> Response:
    file = all_files().get(request.path_params["name"])
    if file is None or request.path_params["digest"] != digest():
        raise HTTPException(404)
    if "gzip" in request.headers.get("accept-encoding", ""):
        # The other names are not for the middleware to compress again.
        return Response(file.packed, 200, _FOR_EVER | {"content-encoding": "gzip"}, file.media_type)
    return Response(file.plain, 200, _FOR_EVER, file.media_type)


async def _refused(house: House, request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _problem(house, request, error.status, error.detail)


async def _failed(house: House, request: Request, error: Exception) -> Response:
    assert isinstance(error, KasparroError)
    log.warning("page_failed", error=error.message, path=request.url.path)
    if isinstance(error, Retriable | DatabaseUnavailable | SchemaOutdated):
        return _problem(house, request, 503, "The database doesn't answer, or not in time")
    return _problem(house, request, 500, _BUG)


async def _missed(house: House, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {404: "There is no such page", 405: "The page exists, but not with this method"}
    return _problem(house, request, error.status_code, detail.get(error.status_code, str(error.detail)))


async def _broke(house: House, request: Request, error: Exception) -> Response:
    if isinstance(error, KasparroError):  # at the door
        return await _failed(house, request, error)
    log.error("page_broke", error=f"{type(error).__name__}: {error}", path=request.url.path)
    return _problem(house, request, 500, _BUG)


def problem_page(house: House, path: str, status: int, detail: str, busy: bool) -> tuple[str, Mapping[str, str]]:
    """The page in place of the one at `path` that isn't shown for the reason `detail`, `busy` when that is only that
    too many ask: HTML, and its own headers."""
    return _text(house, path, _told(status, detail, busy=busy), {}), _HEADERS


def _told(status: int, detail: str, *, busy: bool = False) -> Content:
    values = {"status": status, "detail": detail, "busy": busy, "now": None, "simulated": []}
    return Content("error.html", values, status)


def _problem(house: House, request: Request, status: int, detail: str) -> Response:
    return _rendered(house, request, _told(status, detail), {})


def _text(house: House, path: str, content: Content, more: dict[str, Any]) -> str:
    common = {"path": path, "stale_after": house.settings.stale_after}
    return render(content.template, {**common, **more, **content.values})


def _rendered(house: House, request: Request, content: Content, more: dict[str, Any]) -> Response:
    text = _text(house, request.url.path, content, more)
    headers = _HEADERS | ({"retry-after": "2"} if content.status == 503 else {})
    return Response(text, content.status, headers, "text/html")
