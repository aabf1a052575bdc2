"""What every answer has: ids, security headers, methods, named mistakes."""

import re
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Route

from tests.api.serving import app_of, running
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

PATHS = ("/", "/livez", "/readyz", "/health", "/health/detailed", "/system/info", "/data", "/data/a", "/data/a/history",
         "/data.csv", "/data.ndjson", "/stats", "/stats/summary", "/runs", "/etl/status", "/rejections", "/drift",
         "/metrics", "/openapi.json", "/quotes/1048576/receipt", "/quotes/1048576/receipt/payload")  # fmt: skip
SECURE = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer"}


@pytest.fixture
async def filled(desk: Desk, gecko: Scripted) -> None:
    """A ledger with one quote, whose number is 1 << 20."""
    await desk.post(gecko, body(record("a", "1")))


def _is_secure(answer: httpx2.Response) -> None:
    for name, value in SECURE.items():
        assert answer.headers[name] == value
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.usefixtures("filled")
async def test_every_answer_is_secured_and_has_the_request_s_id(api: httpx2.AsyncClient) -> None:
    wrong = (("GET", "/nope", 404), ("GET", "/data/nope", 404), ("DELETE", "/data", 405), ("GET", "/data?limit=0", 422),
             ("POST", "/etl/run", 401))  # fmt: skip
    for method, path, status in (*(("GET", path, 200) for path in PATHS), *wrong):
        answer = await api.request(method, path, headers={"x-request-id": "abc.DEF:1_2-3"})
        assert answer.status_code == status, path
        _is_secure(answer)
        assert answer.headers["x-request-id"] == "abc.DEF:1_2-3"
        if answer.headers["content-type"] in ("application/json", "application/problem+json"):
            named = answer.json().get("request_id", "abc.DEF:1_2-3")
            assert named == "abc.DEF:1_2-3"
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}
            assert (problem["status"], problem["instance"]) == (status, path.partition("?")[0])
    unchanged = await api.get("/data", headers={"if-none-match": "*"})
    assert unchanged.status_code == 304
    _is_secure(unchanged)


async def test_an_insane_request_id_is_replaced(api: httpx2.AsyncClient) -> None:
    for given in ("", "a b", "x" * 65, 'a"b', "a\tb", "<script>", "é"):
        answer = await api.get("/data", headers={b"x-request-id": given.encode()})
        made = answer.headers["x-request-id"]
        assert made != given and re.fullmatch(r"[0-9a-f]{16}", made)
        assert answer.json()["request_id"] == made
    ids = {(await api.get("/data")).headers["x-request-id"] for _ in range(50)}
    assert len(ids) == 50


@pytest.mark.usefixtures("filled")
async def test_head_is_get_without_a_body(api: httpx2.AsyncClient) -> None:
    volatile = {"content-length", "x-request-id"}
    for path in (*PATHS, "/nope", "/data?limit=0", "/data/nope"):
        got, headed = await api.get(path), await api.head(path)
        if headed.headers.get("etag") != got.headers.get("etag"):
            # The minute, by which some answers differ, has ended between the two.
            got = await api.get(path)
        assert headed.status_code == got.status_code and headed.content == b"", path
        assert {name: value for name, value in headed.headers.items() if name not in volatile} == {
            name: value for name, value in got.headers.items() if name not in volatile
        }
        assert ("content-length" in headed.headers) == ("content-length" in got.headers)


async def test_a_wrong_method_is_told_which_are_right(api: httpx2.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "ODD"):
        answer = await api.request(method, "/data")
        assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"
    answer = await api.get("/etl/run")
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"
    assert (await api.head("/etl/run")).status_code == 405


async def test_unknown_and_repeated_parameters_are_named(api: httpx2.AsyncClient) -> None:
    for asked, parameter, hint in (
        ("/data?symbl=btc", "symbl", "Did you mean symbol?"), ("/data?LIMIT=1", "LIMIT", "Did you mean limit?"),
        ("/data?min_prize=1", "min_prize", "min_price"), ("/data?limit=1&limit=2", "limit", "once"),
        ("/data.csv?limit=1", "limit", "Known are"), ("/stats?x=1", "x", "no parameters"),
        ("/data?=1", "", "Known are"), ("/data?" + "x" * 300 + "=1", "x" * 100 + "…", "Known are"),
        ("/runs/compare?bas=1", "bas", "base"), ("/health?x", "x", "no parameters"),
    ):  # fmt: skip
        answer = await api.get(asked)
        assert answer.status_code == 422, asked
        [error] = answer.json()["errors"]
        assert error["parameter"] == parameter and hint in error["accepted"]
        assert hint in answer.json()["detail"]


async def test_a_wrong_value_is_named_with_what_is_accepted(api: httpx2.AsyncClient) -> None:
    for asked, accepted in (
        ("limit=101", "100"), ("limit=0", "1"), ("limit=x", "integer"), ("offset=-1", "0"), ("page=0", "1"),
        ("limit=1_0", "integer"), ("limit=%2B5", "integer"), ("page=%201", "integer"), ("offset=1.0", "integer"),
        ("as_of=2026-06-30T12:00:00+00:00", "%2B"),
        ("sort_by=password", "created_at"), ("order=up", "asc"), ("min_price=cheap", "number"), ("as_of=now", "RFC"),
        ("cursor=zzz", "pattern"), ("source=nope", "coingecko"), ("format=xml", "csv"), ("q=" + "x" * 201, "200"),
    ):  # fmt: skip
        answer = await api.get(f"/data?{asked}")
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert error["parameter"] == asked.partition("=")[0] and accepted in error["accepted"]
        assert len(error["given"]) <= 101
    both = (await api.get("/data?limit=0&order=up")).json()["errors"]
    assert {error["parameter"] for error in both} == {"limit", "order"}


async def test_other_origins_are_let_in_only_where_listed(api: httpx2.AsyncClient, url: str) -> None:
    there = {"origin": "https://example.org"}
    assert not _allowed(await api.get("/data", headers=there))
    async with running(app_of(url, cors_origins="https://example.org")) as open_api:
        for path, status in (("/data", 200), ("/data", 200), ("/nope", 404), ("/data.csv", 200)):
            answer = await open_api.get(path, headers=there)
            assert answer.status_code == status and _allowed(answer) == "https://example.org"
            assert "Origin" in answer.headers["vary"] and "access-control-allow-credentials" not in answer.headers
            assert "ETag" in answer.headers["access-control-expose-headers"]
        assert not _allowed(await open_api.get("/data", headers={"origin": "https://evil.example"}))
        asking = there | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        preflight = await open_api.options("/etl/run", headers=asking)
        assert preflight.status_code == 200 and _allowed(preflight) == "https://example.org"
        assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
        assert "DELETE" not in preflight.headers["access-control-allow-methods"]


async def test_a_refused_preflight_is_a_problem_like_any_other(url: str) -> None:
    asking = {"access-control-request-method": "POST", "x-request-id": "find-me"}
    async with running(app_of(url, cors_origins="https://example.org")) as api:
        refused = await api.options("/etl/run", headers=asking | {"origin": "https://evil.example"})
        assert refused.status_code == 400 and refused.headers["content-type"] == "application/problem+json"
        told = refused.json()
        assert (told["instance"], told["request_id"]) == ("/etl/run", "find-me") and "CORS_ORIGINS" in told["detail"]
        allowed = await api.options("/etl/run", headers=asking | {"origin": "https://example.org"})
        assert allowed.status_code == 200
        for answer in (refused, allowed):
            _is_secure(answer)
            assert answer.headers["x-request-id"] == "find-me" and "Origin" in answer.headers["vary"]
        assert not _allowed(refused)
        # What only looks like one is answered as ever.
        assert (await api.options("/data", headers={"origin": "https://example.org"})).status_code == 405


async def test_digits_are_all_that_a_path_s_number_has(api: httpx2.AsyncClient) -> None:
    for path in ("/runs/1_0", "/runs/+1", "/quotes/1_0/receipt", "/runs/1.0"):
        assert (await api.get(path)).status_code == 422, path


def _allowed(answer: httpx2.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


def test_every_route_that_changes_something_needs_a_key(url: str) -> None:
    routes = _routes(app_of(url))
    assert len(routes) > 20
    changing = [route for route in routes if (route.methods or set()) - {"GET", "HEAD"}]
    # The second one only gives a pass for a key that it was shown.
    assert {route.path for route in changing} == {"/etl/run", "/dashboard/pass"}
    for route in changing:
        assert any(
            getattr(inner.call, "__name__", "").startswith("needs_") for inner in route.dependant.dependencies
        ), route.path


def _routes(edge: Any) -> list[APIRoute]:
    found: list[APIRoute] = []
    waiting: list[Any] = [edge._app]
    while waiting:
        one = waiting.pop()
        if isinstance(one, APIRoute):
            found.append(one)
        elif isinstance(one, Route) and isinstance(one.app, Starlette):
            waiting += one.app.routes
        elif isinstance(one, Route):
            assert (one.methods or set()) <= {"GET", "HEAD"}, f"{one.path} is a page"
        else:
            # A route of a kind that can't be looked into makes this fail.
            waiting += getattr(one, "original_router", one).routes
    return found
