"""`/etl`: asking for a run puts one into the queue, once."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.types import ASGIApp

from kasparro.store.runs import close_run
from tests.api.serving import app_of
from tests.ingest.looking import Desk, rows, value
from tests.ingest.scripted import Scripted, body, record

KEY = "a-key-of-at-least-24-characters"
WITH_KEY = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def app(url: str) -> ASGIApp:
    """An app with a key."""
    return app_of(url, api_admin_key=KEY)


@pytest.fixture
async def keyed(api: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that shows the key."""
    api.headers.update(WITH_KEY)
    yield api


async def test_a_run_is_put_into_the_queue(keyed: httpx2.AsyncClient, desk: Desk) -> None:
    answer = await keyed.post("/etl/run", json={"sources": ["csv", "coingecko", "csv"]})
    assert answer.status_code == 202
    found = answer.json()
    assert found | {"request_id": 0, "api_latency_ms": 0} == {
        "run_id": 1, "status": "queued", "sources": ["csv", "coingecko"], "request_id": 0, "api_latency_ms": 0
    }  # fmt: skip
    assert answer.headers["location"] == "/runs/1"
    run = (await keyed.get(answer.headers["location"])).json()
    assert (run["status"], run["asked_by"], run["started_at"]) == ("queued", "api", None)
    assert (await keyed.get("/etl/status")).json()["queued"]["run_id"] == 1


async def test_without_a_body_all_sources_run(keyed: httpx2.AsyncClient) -> None:
    assert (await keyed.post("/etl/run")).json()["sources"] == ["coinpaprika", "coingecko", "csv"]


async def test_a_second_run_is_a_conflict(keyed: httpx2.AsyncClient) -> None:
    await keyed.post("/etl/run")
    answer = await keyed.post("/etl/run")
    assert answer.status_code == 409 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["location"] == "/runs/1" and "Run 1 is queued" in answer.json()["detail"]


async def test_the_same_idempotency_key_is_the_same_run(keyed: httpx2.AsyncClient, desk: Desk) -> None:
    asked = {"headers": {"idempotency-key": "k1"}, "json": {"sources": ["csv"]}}
    first = await keyed.post("/etl/run", **asked)  # type: ignore[arg-type]
    again = await keyed.post("/etl/run", **asked)  # type: ignore[arg-type]
    assert first.status_code == again.status_code == 202
    assert first.json()["run_id"] == again.json()["run_id"] == 1
    await desk.connection.execute("UPDATE etl_runs SET host = 'h', pid = 1, started_at = now()")
    await close_run(desk.connection, 1, status="failed")
    ended = await keyed.post("/etl/run", **asked)  # type: ignore[arg-type]
    assert (ended.json()["run_id"], ended.json()["status"]) == (1, "failed")
    other = await keyed.post("/etl/run", headers={"idempotency-key": "k1"}, json={"sources": ["coingecko"]})
    assert other.status_code == 409 and other.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert await value(desk.connection, "SELECT count(*) FROM etl_runs") == 1


async def test_what_can_t_be_run_is_refused_by_name(keyed: httpx2.AsyncClient, desk: Desk) -> None:
    wrong = [
        ({"json": {"sources": ["nope"]}}, "sources", "coingecko"),
        ({"json": {"sources": []}}, "sources", "at least 1"),
        ({"json": {"source": ["csv"]}}, "source", "not permitted"),
        ({"json": {"sources": "csv"}}, "sources", "list"),
        ({"json": [1]}, "body", "object"),
        ({"content": b'{"sources": [', "headers": {"content-type": "application/json"}}, "body", "JSON"),
        ({"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}, "body", ""),
        ({"content": b"sources=csv", "headers": {"content-type": "text/plain"}}, "body", ""),
        ({"headers": {"idempotency-key": "a b"}}, "idempotency-key", "pattern"),
        ({"headers": {"idempotency-key": "x" * 201}}, "idempotency-key", "200"),
    ]
    for asked, parameter, accepted in wrong:
        answer = await keyed.post("/etl/run", **asked)  # type: ignore[arg-type]
        assert answer.status_code in (400, 422), asked
        assert answer.headers["content-type"] == "application/problem+json"
        if answer.status_code == 422:
            [error, *_] = answer.json()["errors"]
            assert error["parameter"] == parameter and accepted in error["accepted"], asked
    assert await rows(desk.connection, "SELECT run_id FROM etl_runs") == []


async def test_status_tells_what_runs_and_how_far_each_stream_is(
    keyed: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1"), record("b", "1", bad="x")), checkpoint={"complete": True})
    found = (await keyed.get("/etl/status")).json()
    assert found["queued"] is None and found["running"] == [], "nobody holds the claim"
    [point] = found["checkpoints"]
    assert (point["source"], point["stream"], point["complete"]) == ("coingecko", "pages", True)
    assert (point["seen"], point["new"], point["unchanged"], point["rejected"], point["loads"]) == (2, 1, 0, 1, 1)
    assert found["schedule"] == "0 * * * *" and found["next_scheduled"].endswith(":00:00Z")
    await desk.connection.execute("SELECT true")
