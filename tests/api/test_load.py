"""Too much at once: what waits too long is refused at once, and everything goes on as soon as it can."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Send

from kasparro.api import edge, exports
from kasparro.store.connection import connect
from kasparro.store.staging import create_staging
from tests.api.serving import app_of, running
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record

ADMIN = "a-key-of-at-least-24-characters"

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def _stuck(url: str, table: str = "rejections") -> AsyncIterator[None]:
    """Whoever reads this table waits until the block ends."""
    other = await connect(url)
    try:
        async with other.transaction():
            await other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield
    finally:
        await other.close()


async def _until_waiting(url: str, wanted: int) -> None:
    """Wait until so many sessions wait for a lock."""
    watching = await connect(url)
    async with asyncio.timeout(30):
        while await value(watching, _WAITING) < wanted:
            await watching.execute("SELECT pg_sleep(0.01)")
    await watching.close()


async def test_past_the_stated_queue_requests_are_shed_and_it_recovers_at_once(url: str) -> None:
    async with running(app_of(url, api_max_waiting=3)) as api:
        async with _stuck(url):
            held = [asyncio.create_task(api.get(f"/rejections?limit={n}")) for n in (1, 2, 3)]
            await _until_waiting(url, 3)
            for path in ("/data", "/stats", "/nope"):
                answer = await api.get(path)
                assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
                assert answer.headers["content-type"] == "application/problem+json"
                assert "Too many" in answer.json()["detail"]
            for path in ("/livez", "/readyz", "/health"):
                assert (await api.get(path)).status_code == 200, path
        assert [answer.status_code for answer in await asyncio.gather(*held)] == [200] * 3
        assert (await api.get("/data")).status_code == 200
        assert "kasparro_http_shed_total" in (await api.get("/metrics")).text


async def test_a_question_that_takes_too_long_is_ended_with_a_clear_answer(url: str) -> None:
    async with running(app_of(url, database_timeout=1)) as api:
        async with _stuck(url):
            answer = await api.get("/rejections")
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert "too long" in answer.json()["detail"] and "statement" not in answer.text
        assert (await api.get("/rejections")).status_code == 200


async def test_a_client_that_goes_away_takes_nobody_with_it(url: str, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    async with running(app_of(url)) as api:
        for _ in range(20):
            asked = [asyncio.create_task(api.get("/data")) for _ in range(5)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asked[0].cancel()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [getattr(answer, "status_code", 0) for answer in answers[1:]] == [200] * 4


async def test_who_doesn_t_read_an_export_is_in_nobody_s_way(url: str, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    app = app_of(url, api_max_waiting=2)
    began = asyncio.Queue[None]()

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            began.put_nowait(None)
            await asyncio.Event().wait()

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async with running(app) as api:
        slow = []
        for path in ("/data.csv", "/data.ndjson", "/data", "/data.csv"):
            scope = _scope("GET", path)
            slow.append(asyncio.create_task(_run(app, scope, silent, stuck)))
            await began.get()
        assert (await api.get("/data?limit=3")).status_code == 200
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert (await api.get("/data")).status_code == 200


async def _run(app: ASGIApp, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def _scope(method: str, path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": list(headers), "client": ("127.0.0.1", 1), "server": ("here", 80), "scheme": "http",
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip


async def _post(app: ASGIApp, length: int, *messages: Message, hang: bool = False) -> int:
    """The status of a POST that says it has so many bytes, which come in `messages`, and then nothing or a hang."""
    sent: list[Message] = []
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        if hang:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    key = (b"authorization", f"Bearer {ADMIN}".encode())
    more = ((b"content-type", b"application/json"), (b"content-length", b"%d" % length))
    scope = _scope("POST", "/etl/run", key, *more)
    await app(scope, receive, send)
    return int(sent[0]["status"])


async def test_a_body_that_doesn_t_come_whole_starts_nothing(
    url: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(url, api_admin_key=ADMIN)
    monkeypatch.setattr(edge, "_BODY_SECONDS", 0.1)
    part = {"type": "http.request", "body": b"", "more_body": True}
    kilobyte = {"type": "http.request", "body": b" " * 1024, "more_body": True}
    end = {"type": "http.request", "body": b"{}", "more_body": False}
    async with running(app):
        assert await _post(app, 10, part) == 400
        assert await _post(app, 10, part, end) == 400
        assert await _post(app, 10, part, hang=True) == 408
        assert await _post(app, 65 * 1024) == 413
        assert await _post(app, 10, *[kilobyte] * 65) == 413
        assert await value(desk.connection, "SELECT count(*) FROM etl_runs") == 0
        assert await _post(app, 60 * 1024 + 2, *[kilobyte] * 60, end) == 202


async def test_a_broken_handler_shows_nothing_of_itself(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT secret FROM /etc/passwd")

    monkeypatch.setattr("kasparro.api.data._candidates", breaks)
    answer = await api.get("/data", headers={"x-request-id": "find-me"})
    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-frame-options"] == "DENY" and answer.json()["request_id"] == "find-me"
    for told in ("SELECT", "passwd", "Traceback", "RuntimeError", ".py"):
        assert told not in answer.text


async def test_half_a_character_in_a_body_is_refused_like_any_other(url: str) -> None:
    async with running(app_of(url, api_admin_key=ADMIN)) as api:
        for text in (r'{"sources": ["\ud800"]}', r'{"\udfff": 1}', r'["\ud800"]', r'{"sources": "\ud800"}'):
            answer = await api.post("/etl/run", content=text, headers={
                "authorization": f"Bearer {ADMIN}", "content-type": "application/json",
            })  # fmt: skip
            assert answer.status_code == 422 and answer.json()["errors"], text


@pytest.fixture
async def many(url: str) -> None:
    """A ledger with twenty thousand coins."""
    connection = await connect(url)
    await create_staging(connection)
    content = body(*(record(f"c{n}", str(n), name=f"Coin {n}") for n in range(20_000)))
    await Desk(connection).post(Scripted(name="coingecko"), content)
    await connection.close()


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("path", ["/data.csv", "/data.ndjson"])
async def test_others_are_answered_while_exports_are_made(url: str, path: str) -> None:
    app = app_of(url)
    ended: list[str] = []
    under_way = asyncio.Event()
    parts = 0

    async def take(message: Message) -> None:
        nonlocal parts
        parts += 1
        if parts == 10:
            under_way.set()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.append("export")

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def exporting() -> None:
        scope = _scope("GET", path, (b"accept-encoding", b"gzip")) | {"asgi": {"spec_version": "2.4"}}
        await app(scope, silent, take)

    async with running(app) as api:
        await api.get("/data")
        exports = [asyncio.create_task(exporting()) for _ in range(30)]
        await under_way.wait()
        assert (await api.get("/livez")).status_code == 200
        for _ in range(20):
            before = parts
            await asyncio.sleep(0)
            assert parts - before <= 1, "however many exports there are, one part is made while the others wait"
        assert not ended
        for task in exports:
            task.cancel()
        await asyncio.gather(*exports, return_exceptions=True)
        async with asyncio.timeout(60):
            await exporting()
    assert ended == ["export"], "who gave up keeps nobody from his turn"


async def test_so_many_exports_and_no_more(
    url: str, desk: Desk, gecko: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", 2)
    await desk.post(gecko, body(record("a", "1")))
    app = app_of(url)
    began = asyncio.Queue[None]()

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            began.put_nowait(None)
            await asyncio.Event().wait()

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async with running(app) as api:
        slow = []
        for _ in range(2):
            slow.append(asyncio.create_task(_run(app, _scope("GET", "/data.csv"), silent, stuck)))
            await began.get()
        shed = await api.get("/data.ndjson")
        assert shed.status_code == 503 and shed.headers["retry-after"] == "1" and "exports" in shed.json()["detail"]
        assert (await api.get("/data")).status_code == 200
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert (await api.get("/data.csv")).status_code == 200


async def test_the_newest_quotes_are_read_before_anybody_asks(url: str, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    app: Any = app_of(url)
    async with running(app):
        assert len(app._desk._snapshot.rows) == 1


async def test_what_hinders_that_hinders_no_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasparro.api.desk._WARMING_SECONDS", 0.2)
    async with _stuck(url, "latest_quotes"), running(app_of(url)) as api:
        assert (await api.get("/livez")).status_code == 200
