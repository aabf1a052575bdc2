"""What runs now is told as it goes on; what is told ends, and stands in nobody's way."""

import asyncio
import signal
from collections.abc import AsyncIterator

import httpx2
import pytest

import kasparro.dashboard.live
from kasparro.dashboard.live import Streams
from kasparro.store.claims import claim
from kasparro.store.connection import Connection
from kasparro.store.runs import close_run, close_step, open_run
from tests.api.serving import app_of, running


@pytest.fixture
async def api(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of pages whose streams last for four looks."""
    monkeypatch.setattr(kasparro.dashboard.live, "_PAUSE_S", 0.05)
    monkeypatch.setattr(kasparro.dashboard.live, "LASTS_S", 0.2)
    async with running(app_of(url)) as client:
        yield client


async def test_what_runs_and_its_end_are_told(api: httpx2.AsyncClient, connection: Connection) -> None:
    assert "event: idle" in (await api.get("/dashboard/live")).text
    assert await claim(connection, "csv")
    run, steps = await open_run(connection, kind="ingest", sources=["csv"], host="h", pid=1)
    told = await api.get("/dashboard/live")
    assert told.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert told.headers["cache-control"] == "no-store"
    assert told.text.startswith("retry: ") and told.text.count("event: running") == 1, "told once, unless it changes"
    assert f"Run {run}</a> is at work" in told.text
    assert "event: idle" in (await api.get(f"/dashboard/live?run={run + 1}")).text
    assert "is at work" in (await api.get(f"/dashboard/live?run={run}")).text
    assert "is at work" in (await api.get("/dashboard")).text
    await close_step(connection, steps["csv"], status="success", seconds={})
    await connection.execute("SELECT pg_advisory_unlock_all()")
    ending = (await api.get(f"/dashboard/live?run={run}")).text
    assert "looks through what came in" in ending and "event: idle" not in ending
    await close_run(connection, run, status="success")
    assert "event: idle" in (await api.get("/dashboard/live")).text


async def test_so_many_watch_at_a_time(api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kasparro.dashboard.live, "MOST", 2)
    answers = await asyncio.gather(*(api.get("/dashboard/live") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503]
    assert (await api.get("/dashboard/live")).status_code == 200


def test_what_tells_the_process_to_stop_ends_streams_and_goes_on() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        streams = Streams()
        with streams.ended_with_worker():
            before_it = streams.ending
            signal.raise_signal(signal.SIGTERM)
        assert (before_it, streams.ending, heard) == (False, True, [signal.SIGTERM])
        signal.raise_signal(signal.SIGTERM)
        assert heard == [signal.SIGTERM] * 2, "it is as it was"
    finally:
        signal.signal(signal.SIGTERM, before)
