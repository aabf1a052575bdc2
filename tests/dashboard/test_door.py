"""Where reading needs a key, a browser gets a pass for one: it reads, ends, and does nothing else."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from kasparro.api.passes import COOKIE, LASTS, issue, opens
from kasparro.dashboard.files import file_address
from kasparro.store.connection import Connection
from kasparro.store.keys import Scope, create_key, list_keys, revoke_key
from tests.api.serving import app_of, running

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADMIN = "an-admin-key-of-the-door-0123456789"


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of pages that are for holders of keys."""
    async with running(app_of(url, api_require_key=True, api_admin_key=ADMIN)) as client:
        yield client


async def _signed_in(api: httpx2.AsyncClient, key: str) -> str:
    answer = await api.post("/dashboard/pass", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 204, answer.text
    told = answer.headers["set-cookie"]
    assert "HttpOnly" in told and "samesite=strict" in told.lower() and key not in told
    return told.partition(";")[0]


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/market", "/dashboard/live", "/dashboard/assets/a/series"])
async def test_without_a_key_there_is_only_the_door(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 401 and "Reading needs a key here" in answer.text
    assert (await api.get(file_address("sign-in.js"))).status_code == 200


async def test_a_key_gives_a_pass_that_reads(api: httpx2.AsyncClient, connection: Connection) -> None:
    for key in (ADMIN, await create_key(connection, name="reader", scope=Scope.READ)):
        shown = {"cookie": await _signed_in(api, key)}
        api.cookies.clear()
        for path in ("/dashboard", "/dashboard/market", "/data.csv", "/runs"):
            assert (await api.get(path, headers=shown)).status_code == 200, path
        started = await api.post("/etl/run", headers=shown)
        assert started.status_code == 401, "it starts nothing"
        assert (await api.post("/dashboard/pass", headers=shown)).status_code == 401, "it renews nothing"


async def test_a_pass_ends_with_its_key(api: httpx2.AsyncClient, connection: Connection) -> None:
    shown = {"cookie": await _signed_in(api, await create_key(connection, name="reader", scope=Scope.READ))}
    api.cookies.clear()
    [kept] = await list_keys(connection)
    await revoke_key(connection, kept.key_id)
    assert (await api.get("/dashboard", headers=shown)).status_code == 401
    assert (await api.get("/runs", headers=shown)).status_code == 401


async def test_a_wrong_key_gets_none(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/dashboard/pass", headers={"authorization": "Bearer nothing"})
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    for cookie in ("", "x", "9999999999.", "9999999999.abc", "\u0661.x", "9" * 40 + ".x"):
        asked = await api.get("/dashboard", headers=[(b"cookie", f"{COOKIE}={cookie}".encode())])
        assert asked.status_code == 401


def test_a_pass_is_for_its_time_and_its_key() -> None:
    mine, other = (hashlib.sha256(name).digest() for name in (b"mine", b"other"))
    given = issue(mine, NOW)
    assert opens(given, [other, mine], NOW) and opens(given, [mine], NOW + LASTS - timedelta(seconds=1))
    assert not opens(given, [mine], NOW + LASTS)
    assert not opens(given, [other], NOW) and not opens(given, [], NOW)
    until, _, signature = given.partition(".")
    assert not opens(f"{int(until) + 1}.{signature}", [mine], NOW)
