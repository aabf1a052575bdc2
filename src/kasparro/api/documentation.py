"""`/docs` and `/openapi.json`: the API explained, from this server's own files, with no need of the internet."""

import asyncio
import gzip
import json
import re
from functools import cache
from hashlib import blake2b, sha256
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response

from kasparro.api.encoding import accepts_gzip
from kasparro.api.exchange import Current
from kasparro.api.problems import Problem

router = APIRouter(include_in_schema=False)

_ASSETS = {
    "swagger-ui.css": ("swagger-ui", "text/css"),
    "swagger-ui-bundle.js": ("swagger-ui", "text/javascript"),
    "docs.css": ("docs", "text/css"),
    "docs.js": ("docs", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/openapi.json")
async def openapi(request: Request, exchange: Current) -> Response:
    """The description of the API (OpenAPI 3.1)."""
    plain, packed, etag = request.app.state.described()
    headers = {"cache-control": "no-cache", "vary": "accept-encoding", "etag": etag}
    if etag[2:] in (exchange.headers.get("if-none-match") or ""):
        return Response(None, 304, headers)
    if not accepts_gzip(exchange.headers.get("accept-encoding") or ""):
        return Response(plain, 200, headers, "application/json")
    return Response(packed, 200, headers | {"content-encoding": "gzip"}, "application/json")


def described(made: dict[str, Any]) -> tuple[bytes, bytes, str]:
    """The description's bytes, the same compressed, and their ETag: weak, since it names both."""
    plain = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    return plain, gzip.compress(plain, mtime=0), f'W/"{sha256(plain).hexdigest()[:24]}"'


def addresses() -> frozenset[str]:
    """The paths of the page's files."""
    return frozenset(f"/docs/{_address(name)}" for name in _ASSETS)


@router.get("/docs")
async def page() -> Response:
    """The description, to be read and tried in a browser."""
    text = re.sub(r"\{\{([\w.-]+)}}", lambda found: _address(found[1]), _read("docs", "docs.html").decode())
    headers = {"content-security-policy": _POLICY, "cache-control": "no-cache"}
    return Response(text, 200, headers, "text/html")


@router.get("/docs/{asset}")
async def asset(asset: str, exchange: Current) -> Response:
    """A file of the page. Its address has a digest of its content, so it can be kept for ever."""
    name = next((name for name in _ASSETS if _address(name) == asset), None)
    if name is None:
        raise Problem(404, "The page of the documentation has no such file. It is at `/docs`")
    folder, media_type = _ASSETS[name]
    headers = {
        "content-security-policy": _POLICY, "cache-control": "public, max-age=31536000, immutable",
        "vary": "accept-encoding",
    }  # fmt: skip
    if not accepts_gzip(exchange.headers.get("accept-encoding") or ""):
        return Response(_read(folder, name), 200, headers, media_type)
    body = await asyncio.to_thread(_compressed, folder, name)
    return Response(body, 200, headers | {"content-encoding": "gzip"}, media_type)


@cache
def _read(folder: str, name: str) -> bytes:
    return (files("kasparro.api") / "assets" / folder / name).read_bytes()


@cache
def _compressed(folder: str, name: str) -> bytes:
    return gzip.compress(_read(folder, name), mtime=0)


@cache
def _address(name: str) -> str:
    """The file's name with a digest of its content."""
    stem, _, ending = name.rpartition(".")
    digest = blake2b(_read(_ASSETS[name][0], name), digest_size=6).hexdigest()
    return f"{stem}.{digest}.{ending}"
