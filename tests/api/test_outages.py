"""The database goes away, hangs, or lets us in no more: told at once, and well again without a restart."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from kasparro.postgres.sharing import Server, shared_server
from kasparro.store.schema import migrate
from tests.api.serving import app_of, running
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

_AT_ONCE_S = 1.5
LEAKS = ("Traceback", "psycopg", "SELECT", "/tmp", "test_", "socket", "FATAL")


@contextmanager
def _away(server: Server, url: str) -> Iterator[None]:
    """The test's database lets nobody in."""
    name = urlsplit(url).path[1:]
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        _end_sessions(admin, name)
        yield
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def _end_sessions(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))


@pytest.fixture
async def filled(desk: Desk, gecko: Scripted) -> None:
    """A ledger with a quote."""
    await desk.post(gecko, body(record("a", "1")))


async def _told_at_once(api: httpx2.AsyncClient) -> None:
    began = time.perf_counter()
    health = await api.get("/health")
    assert time.perf_counter() - began < _AT_ONCE_S
    assert health.status_code == 503
    assert (health.json()["status"], health.json()["database"]) == ("unhealthy", "disconnected")
    assert (await api.get("/livez")).status_code == 200
    ready = await api.get("/readyz")
    assert ready.status_code == 503 and "doesn't answer" in ready.json()["detail"]
    assert (await api.get("/health/detailed")).status_code == 503
    for told in (health, ready):
        assert not any(leak in told.text for leak in LEAKS)


async def _refused(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 503, path
    assert answer.headers["content-type"] == "application/problem+json" and answer.headers["retry-after"]
    assert not any(leak in answer.text for leak in LEAKS), answer.text


@pytest.mark.usefixtures("filled")
async def test_an_outage_is_told_and_ends_without_a_restart(server: Server, url: str) -> None:
    async with running(app_of(url, api_rate_limit="1000/minute")) as api:
        kept = await api.get("/data")
        assert kept.status_code == 200
        with _away(server, url):
            await _told_at_once(api)
            for path in ("/data", "/data?limit=3", "/data/a", "/data/a/history", "/stats", "/runs", "/etl/status",
                         "/quotes/1048576/receipt", "/data.csv", "/data?as_of=2026-01-01"):  # fmt: skip
                await _refused(api, path)
            assert (await api.get("/data", headers={"if-none-match": kept.headers["etag"]})).status_code == 503
            metrics = await api.get("/metrics")
            assert metrics.status_code == 200 and "kasparro_database_up 0.0" in metrics.text
        assert (await api.get("/health")).status_code == 200
        again = await api.get("/data")
        assert again.status_code == 200 and again.json()["data"] == kept.json()["data"]


@pytest.mark.usefixtures("filled")
async def test_sessions_that_died_unnoticed_are_replaced_and_nobody_is_refused(server: Server, url: str) -> None:
    async with running(app_of(url)) as api:
        assert (await api.get("/data")).status_code == 200
        with psycopg.connect(server.url, autocommit=True) as admin:
            _end_sessions(admin, urlsplit(url).path[1:])
        for path in ("/data", "/data?limit=2", "/runs", "/health"):
            assert (await api.get(path)).status_code == 200, path


async def test_it_starts_without_a_database(server: Server, url: str) -> None:
    with _away(server, url):
        async with running(app_of(url)) as api:
            await _told_at_once(api)
            await _refused(api, "/data")


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    """A server whose processes stand still: it takes connections and says nothing."""
    pids = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [pid]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


async def test_a_database_that_hangs_is_told_too_and_holds_nobody_for_ever(tmp_path: Path) -> None:
    with shared_server(tmp_path / "home") as private:
        migrate(private.url)
        async with running(app_of(private.url, database_timeout=1, api_rate_limit="1000/minute")) as api:
            assert (await api.get("/data")).status_code == 200
            assert (await api.get("/runs")).status_code == 200
            with _frozen(private.pid):
                await _told_at_once(api)
                async with asyncio.timeout(30):
                    await asyncio.gather(*(_refused(api, path) for path in ("/data", "/runs", "/stats", "/etl/status")))
            assert (await api.get("/health")).status_code == 200
            assert (await api.get("/data")).status_code == 200
