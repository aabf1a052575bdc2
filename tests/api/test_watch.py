"""Who watches sees: while every connection is busy, while the figures don't come, and why it isn't well."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.types import ASGIApp

from kasparro.api import watch
from kasparro.store.connection import Connection, connect
from kasparro.store.runs import Run, list_runs
from tests.api.serving import app_of, running
from tests.api.test_load import _stuck as stuck_rejections

CHECKS = ("/health", "/health/detailed", "/metrics")


@asynccontextmanager
async def _starved(app: ASGIApp) -> AsyncIterator[None]:
    """Every connection of the pool is in use."""
    inner: Any = app
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(inner._desk.reader.connection())
        yield


async def test_health_is_told_while_every_connection_is_busy(url: str) -> None:
    app = app_of(url, database_pool_size=2)
    async with running(app) as api, _starved(app):
        for path in CHECKS:
            assert (await api.get(path)).status_code == 200, path
        assert "kasparro_database_up 1.0" in (await api.get("/metrics")).text
        not_ready = await api.get("/readyz")
        assert not_ready.status_code == 503 and not_ready.json()["detail"] == "all connections are busy"


async def test_many_who_ask_at_once_share_an_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def counted(connection: Connection, *, limit: int) -> list[Run]:
        nonlocal asked
        asked += 1
        return await list_runs(connection, limit=limit)

    monkeypatch.setattr(watch, "list_runs", counted)
    async with running(app_of(url)) as api:
        assert (await api.get("/health")).status_code == 200
        answers = await asyncio.gather(*(api.get("/health") for _ in range(40)))
        assert {answer.status_code for answer in answers} == {200}
    assert 1 < asked < 10


async def test_readiness_tells_old_tables_from_no_database(url: str) -> None:
    async with running(app_of(url)) as api:
        connection = await connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
        answer = await api.get("/readyz")
        assert answer.status_code == 503 and "tables" in answer.json()["detail"]
        await connection.close()


async def test_figures_that_don_t_come_make_it_unhealthy_in_time_and_in_form(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(app_of(url)) as api:
        async with stuck_rejections(url):
            began = time.perf_counter()
            answer = await api.get("/health/detailed")
            assert time.perf_counter() - began < 3
            assert answer.status_code == 503 and answer.headers["content-type"] == "application/json"
            found = answer.json()
            assert (found["status"], found["database"], found["sources"]) == ("unhealthy", "connected", [])
            assert (found["checks"]["database"]["status"], found["checks"]["ledger"]["status"]) == ("ok", "failed")
            assert (await api.get("/health")).status_code == 200, "the database answers"
        assert (await api.get("/health/detailed")).status_code == 200
    assert "no answer within" in capfd.readouterr().out, "the log says why"
