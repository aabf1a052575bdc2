"""The rate limit: exact, told in headers, open when it can't count."""

import asyncio

import httpx2
import pytest

from kasparro.api import limits, monitoring
from kasparro.config import RateLimit
from tests.api.serving import app_of, client_of, running
from tests.ingest.looking import Desk, rows

TEN = RateLimit(requests=10, seconds=60)


async def test_as_many_pass_as_may_and_the_others_are_told_when(url: str) -> None:
    async with running(app_of(url, api_rate_limit=TEN)) as api:
        answers = await asyncio.gather(*(api.get("/data") for _ in range(25)))
        passed = [answer for answer in answers if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert (len(passed), len(refused)) == (10, 15)
        left = sorted(int(answer.headers["ratelimit"].split(";r=")[1].split(";")[0]) for answer in passed)
        assert left == list(range(10))
        for answer in refused:
            assert answer.headers["content-type"] == "application/problem+json"
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert answer.headers["ratelimit-policy"] == '"default";q=10;w=60'
            assert answer.headers["ratelimit"].startswith('"default";r=0;t=')
            assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-request-id"]
        headed = await api.head("/data")
        assert headed.status_code == 429 and headed.content == b""


async def test_others_and_those_who_watch_are_not_limited(url: str) -> None:
    app = app_of(url, api_rate_limit=TEN)
    async with running(app) as api:
        for _ in range(12):
            last = await api.get("/nope")
        assert last.status_code == 429, "what doesn't exist counts too"
        for path in ("/livez", "/readyz", "/health", "/health/detailed", "/metrics"):
            answer = await api.get(path)
            assert answer.status_code == 200 and "ratelimit" not in answer.headers
        async with client_of(app, "127.0.0.2") as other:
            assert (await other.get("/data")).status_code == 200


async def test_a_window_ends(url: str, desk: Desk) -> None:
    async with running(app_of(url, api_rate_limit=RateLimit(requests=2, seconds=1))) as api:
        assert [(await api.get("/data")).status_code for _ in range(3)] == [200, 200, 429]
        async with asyncio.timeout(20):
            while (await api.get("/data")).status_code == 429:
                await desk.connection.execute("SELECT pg_sleep(0.05)")
    assert await rows(desk.connection, "SELECT client FROM rate_windows") == [("127.0.0.1",)]


async def test_it_is_open_when_it_can_t_count(url: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "KEPT_S", 0.0)
    async with running(app_of(url, api_rate_limit=TEN)) as api:
        assert (await api.get("/data")).status_code == 200
        before = await _open(api)
        await desk.connection.execute("ALTER TABLE rate_windows RENAME TO gone")
        answers = await asyncio.gather(*(api.get("/data") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit" not in answers[0].headers
        assert await _open(api) == before + 30
        await desk.connection.execute("ALTER TABLE gone RENAME TO rate_windows")
        async with asyncio.timeout(20):
            while "ratelimit" not in (await api.get("/data")).headers:
                await desk.connection.execute("SELECT pg_sleep(0.05)")


async def _open(api: httpx2.AsyncClient) -> float:
    for line in (await api.get("/metrics")).text.splitlines():
        if line.startswith("kasparro_rate_limit_open_total"):
            return float(line.split()[-1])
    return 0.0


async def test_whatever_breaks_while_counting_nobody_waits_for_ever(
    url: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: object) -> dict[str, object]:
        return {}

    async with running(app_of(url, api_rate_limit=TEN)) as api, asyncio.timeout(20):
        with monkeypatch.context() as broken:
            broken.setattr(limits, "spend_requests", nobody)
            assert (await api.get("/livez")).status_code == 200
            assert "ratelimit" not in (await api.get("/data")).headers
        while "ratelimit" not in (await api.get("/data")).headers:
            await desk.connection.execute("SELECT pg_sleep(0.05)")
