"""`/coverage`: what came in on each day, day by day in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from kasparro.store.connection import Connection
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record


async def _coverage(api: httpx2.AsyncClient, asked: str = "") -> Any:
    answer = await api.get(f"/coverage?{asked}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_empty_ledger_has_days_and_nothing_in_them(api: httpx2.AsyncClient) -> None:
    found = await _coverage(api)
    assert (found["days"], found["data"]) == (30, [])
    assert found["today"] in {f"{datetime.now(UTC) - timedelta(seconds=late):%Y-%m-%d}" for late in (0, 60)}


async def test_each_source_and_day_is_summed_up(
    api: httpx2.AsyncClient, connection: Connection, desk: Desk, gecko: Scripted, paprika: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1"), record("b", "2")))
    await desk.post(gecko, body(record("a", "1"), record("c", "3")), position=1)
    await desk.post(paprika, body(record("a", "1"), {"coin": "broken"}), position=2)
    today = (await _coverage(api))["today"]
    told = {
        one["source"]: (one["loads"], one["seen"], one["new"], one["unchanged"], one["rejected"], one["day"])
        for one in (await _coverage(api, "days=1"))["data"]
    }
    assert told["coingecko"] == (2, 4, 3, 1, 0, today)
    assert told["coinpaprika"][:3] == (1, 2, 1) and told["coinpaprika"][5] == today
    for one in (await _coverage(api))["data"]:
        assert one["seen"] == one["new"] + one["unchanged"] + one["rejected"]


async def test_only_the_days_asked_for_and_never_a_stale_one(
    api: httpx2.AsyncClient, connection: Connection, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1")))
    await connection.execute("UPDATE loads SET known_at = known_at - interval '2 days'")
    await desk.post(gecko, body(record("b", "1")), position=1)
    assert [len((await _coverage(api, f"days={days}"))["data"]) for days in (1, 2, 3)] == [1, 1, 2]
    await desk.post(gecko, body(record("c", "1")), position=2)
    assert (await _coverage(api, "days=1"))["data"][0]["loads"] == 2


async def test_what_is_not_a_number_of_days(api: httpx2.AsyncClient) -> None:
    for days in ("0", "367", "x", "1.5"):
        assert (await api.get(f"/coverage?days={days}")).status_code == 422
