"""Keys: what each opens, what none opens, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from kasparro.store.keys import Scope, create_key, revoke_key
from tests.api.serving import app_of, running
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record

ADMIN = "a-key-of-at-least-24-characters"


async def _ask(api: httpx2.AsyncClient, key: str | None, *, scheme: str = "Bearer") -> httpx2.Response:
    return await api.post("/etl/run", headers={"authorization": f"{scheme} {key}"} if key is not None else {})


async def test_only_a_key_of_enough_scope_starts_a_run(api: httpx2.AsyncClient, desk: Desk) -> None:
    keys = {scope: await create_key(desk.connection, name="t", scope=scope) for scope in Scope}
    nobody = await _ask(api, None)
    assert nobody.status_code == 401 and nobody.headers["www-authenticate"].startswith("Bearer")
    small = await _ask(api, keys[Scope.READ])
    assert small.status_code == 403 and "scope is read; this needs run" in small.json()["detail"]
    run = keys[Scope.RUN]
    for wrong in ("", "x", run[:-1], run + "x", run.upper(), ADMIN, "None"):
        answer = await _ask(api, wrong)
        assert answer.status_code == 401 and run not in answer.text
    assert (await _ask(api, run, scheme="Basic")).status_code == 401
    assert await value(desk.connection, "SELECT count(*) FROM etl_runs") == 0
    assert (await _ask(api, run, scheme="bearer")).status_code == 202
    assert (await _ask(api, keys[Scope.ADMIN])).status_code == 409


async def test_a_key_that_is_revoked_or_expires_opens_nothing_from_then_on(api: httpx2.AsyncClient, desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    key = await create_key(desk.connection, name="t", scope=Scope.RUN)
    short = await create_key(desk.connection, name="s", scope=Scope.RUN, expires_at=soon)
    past = await create_key(desk.connection, name="p", scope=Scope.RUN, expires_at=datetime.now(UTC))
    assert (await _ask(api, key)).status_code == 202
    assert (await _ask(api, short)).status_code in (401, 409)
    assert (await _ask(api, past)).status_code == 401
    assert await revoke_key(desk.connection, key.split("_")[1])
    assert (await _ask(api, key)).status_code == 401
    while datetime.now(UTC) < soon:
        await desk.connection.execute("SELECT pg_sleep(0.1)")
    assert (await _ask(api, short)).status_code == 401


async def test_an_exposed_server_without_any_key_changes_nothing(url: str, desk: Desk) -> None:
    async with running(app_of(url, exposed=True)) as api:
        answer = await _ask(api, "anything")
        assert answer.status_code == 403 and "kasparro key create" in answer.json()["detail"]
        assert (await api.get("/data")).status_code == 200
        assert "changed" in answer.json()["detail"]
        key = await create_key(desk.connection, name="t", scope=Scope.RUN)
        assert (await _ask(api, key)).status_code == 202
    async with running(app_of(url, exposed=True, api_admin_key=ADMIN)) as api:
        assert (await _ask(api, "anything")).status_code == 401
        assert (await _ask(api, ADMIN)).status_code == 409


async def test_a_closed_server_shows_nothing_without_a_key(url: str, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    key = await create_key(desk.connection, name="t", scope=Scope.READ)
    with_key = {"authorization": f"Bearer {key}"}
    async with running(app_of(url, api_require_key=True)) as api:
        for path in ("/data", "/data/a", "/data.csv", "/stats", "/runs", "/metrics", "/health/detailed", "/nope",
                     "/system/info", "/quotes/1048576/receipt/payload", "/data?limit=0"):  # fmt: skip
            for method in ("GET", "HEAD"):
                assert (await api.request(method, path)).status_code == 401, path
            assert (await api.get(path, headers=with_key)).status_code in (200, 404, 422)
            # What is kept now is for those with a key only.
            assert (await api.get(path)).status_code == 401
            assert (await api.get(path, headers={"if-none-match": "*"})).status_code == 401
        assert (await api.get("/data", headers=with_key)).headers["cache-control"] == "private, no-cache"
        for path in ("/", "/livez", "/readyz", "/health", "/openapi.json"):
            assert (await api.get(path)).status_code == 200, path
        assert await revoke_key(desk.connection, key.split("_")[1])
        assert (await api.get("/data", headers=with_key)).status_code == 401


async def test_a_key_is_shown_nowhere(api: httpx2.AsyncClient, desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    key = await create_key(desk.connection, name="t", scope=Scope.READ)
    answers = [await _ask(api, key), await api.get("/data", headers={"authorization": f"Bearer {key}"})]
    assert all(key not in answer.text and key not in str(answer.headers) for answer in answers)
    out, err = capfd.readouterr()
    assert key not in out + err


async def test_a_closed_and_exposed_server_without_any_key_says_that_nothing_can_be_read(url: str) -> None:
    async with running(app_of(url, exposed=True, api_require_key=True)) as api:
        told = (await api.get("/data")).json()["detail"]
        assert "nothing can be read" in told and "--scope read" in told


async def test_where_reading_needs_a_key_the_version_is_asked_for_once(url: str) -> None:
    app = app_of(url, api_require_key=True, api_admin_key=ADMIN)
    async with running(app) as api:
        with_key = {"authorization": f"Bearer {ADMIN}"}
        assert (await api.get("/stats", headers=with_key)).status_code == 200
        inner: Any = app
        asked = 0
        real = inner._desk.stamps.ask

        def counted() -> Any:
            nonlocal asked
            asked += 1
            return real()

        inner._desk.stamps.ask = counted
        assert (await api.get("/stats", headers=with_key)).status_code == 200
        assert asked == 1
