"""`/docs` works with no internet: from this server's own files, under a strict policy."""

import json
import re
import zlib

import httpx2
import pytest

from tests.api.serving import app_of, running
from tests.api.small import PROJECT

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
}  # fmt: skip
ASSETS = PROJECT / "src" / "kasparro" / "api" / "assets"


async def addresses(api: httpx2.AsyncClient) -> list[str]:
    """Where the page's files are."""
    page = (await api.get("/docs")).text
    return [f"/{found}" for found in re.findall(r'(?:href|src)="(docs/[^"]+)"', page)]


async def test_the_page_has_no_script_or_style_of_its_own_and_names_no_other_host(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/docs")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert set(answer.headers["content-security-policy"].split("; ")) == POLICY
    assert not re.search(r"<style|style=|//|\son\w+=|\{\{", answer.text.replace("<!doctype", ""))
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", answer.text))
    assert not re.search(r"https?://", (ASSETS / "docs" / "docs.js").read_text())


async def test_its_files_are_kept_for_ever_and_come_compressed(api: httpx2.AsyncClient) -> None:
    found = await addresses(api)
    assert len(found) == 4
    for address in found:
        plain = await api.get(address, headers={"accept-encoding": "identity"})
        assert plain.status_code == 200 and "immutable" in plain.headers["cache-control"]
        assert plain.headers["content-type"].partition(";")[0] in ("text/css", "text/javascript")
        assert set(plain.headers["content-security-policy"].split("; ")) == POLICY
        async with api.stream("GET", address, headers={"accept-encoding": "gzip"}) as packed:
            assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"] == "accept-encoding"
            raw = b"".join([part async for part in packed.aiter_raw()])
        assert zlib.decompress(raw, 31) == plain.content


@pytest.mark.parametrize("path", ["/docs/LICENSE", "/docs/docs.js", "/docs/..%2f__init__.py", "/docs/docs.0.js"])
async def test_there_are_no_other_files(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"


async def test_they_are_not_counted_by_the_rate_limit(url: str) -> None:
    async with running(app_of(url, api_rate_limit="1/minute")) as limited:
        for address in await addresses(limited):
            assert (await limited.get(address)).status_code == 200
        assert (await limited.get("/docs")).status_code == 429


async def test_other_answers_stay_closed(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/openapi.json")
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert json.loads(answer.text)["openapi"].startswith("3.1")


def test_licences_lie_beside_what_they_are_for() -> None:
    folder = ASSETS / "swagger-ui"
    assert "Apache License" in (folder / "LICENSE").read_text() and (folder / "NOTICE").read_text()
    assert "DOMPurify" in (folder / "swagger-ui-bundle.js.LICENSE.txt").read_text()
    assert not list(folder.glob("*.map"))


async def test_what_only_looks_like_one_of_them_is_counted(url: str) -> None:
    async with running(app_of(url, api_rate_limit="1/minute")) as limited:
        for path, status in (("/docs/x", 404), ("/docs/x", 429), ("/dashboard/x", 429), ("/docs/docs.js", 429)):
            assert (await limited.get(path)).status_code == status, path


async def test_the_description_comes_compressed_and_is_spared_when_nothing_has_changed(
    api: httpx2.AsyncClient,
) -> None:
    plain = await api.get("/openapi.json")
    etag = plain.headers["etag"]
    async with api.stream("GET", "/openapi.json", headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip" and packed.headers["etag"] == etag
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert zlib.decompress(raw, 31) == plain.content and len(raw) < len(plain.content) / 4
    unchanged = await api.get("/openapi.json", headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"") and unchanged.headers["etag"] == etag
