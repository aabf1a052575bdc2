"""Claims on sources, and what is found open by who gets one."""

import os

import pytest

from kasparro.store import quota
from kasparro.store.claims import claim, close_orphans, holder, release
from kasparro.store.connection import Connection, connect
from kasparro.store.runs import close_run, close_step, get_run, list_runs, open_run
from kasparro.store.summary import summarise
from tests.ingest.looking import rows, value


async def _open(connection: Connection, *sources: str) -> tuple[int, dict[str, int]]:
    return await open_run(connection, kind="ingest", sources=sources, host="here", pid=os.getpid())


async def test_a_source_is_claimed_by_one_connection_at_a_time(url: str, connection: Connection) -> None:
    assert await claim(connection, "one")
    other = await connect(url)
    try:
        assert not await claim(other, "one")
        assert await claim(other, "two")
    finally:
        await other.close()


async def test_a_released_source_can_be_claimed_at_once(url: str, connection: Connection) -> None:
    for _ in range(50):
        other = await connect(url)
        assert await claim(other, "one")
        await release(other)
        assert await claim(connection, "one")
        await connection.execute("SELECT pg_advisory_unlock_all()")


async def test_the_next_holder_closes_steps_and_runs_of_a_process_that_is_gone(connection: Connection) -> None:
    run, _ = await _open(connection, "one", "two")
    assert await holder(connection, "one") == run
    assert await close_orphans(connection, "one") == []
    assert await holder(connection, "one") is None
    assert await close_orphans(connection, "two") == [run]
    found = await get_run(connection, run)
    assert found is not None
    assert found.status == "interrupted"
    assert [(step.source, step.status) for step in found.steps] == [("one", "interrupted"), ("two", "interrupted")]
    assert all(step.error and step.remedy and step.ended_at for step in found.steps)


async def test_a_run_that_died_between_its_last_step_and_its_own_end_is_closed_too(connection: Connection) -> None:
    run, steps = await _open(connection, "one", "two")
    for step in steps.values():
        await close_step(connection, step, status="success", seconds={})
    assert await close_orphans(connection, "other") == []
    assert await close_orphans(connection, "two") == [run]
    assert await rows(connection, "SELECT status FROM etl_steps") == [("success",), ("success",)]


async def test_what_has_ended_stays_as_it_ended(connection: Connection) -> None:
    run, steps = await _open(connection, "one")
    await close_step(connection, steps["one"], status="failed", seconds={"load": 0.5}, error="no", notes=["a"])
    await close_run(connection, run, status="failed")
    assert await close_orphans(connection, "one") == []
    [found] = await list_runs(connection, limit=5)
    assert (found.status, found.steps[0].error, found.steps[0].notes) == ("failed", "no", ["a"])
    assert found.steps[0].seconds == {"load": 0.5}


async def test_runs_are_listed_newest_first(connection: Connection) -> None:
    ids = [(await _open(connection, "one"))[0] for _ in range(3)]
    assert [run.run_id for run in await list_runs(connection, limit=2)] == [ids[2], ids[1]]
    assert await get_run(connection, 10**9) is None


async def test_the_month_quota_ends_at_its_limit_and_counts_nothing_beyond(connection: Connection) -> None:
    assert [await quota.spend(connection, "one", 3) for _ in range(5)] == [True, True, True, False, False]
    assert await quota.spend(connection, "two", None)
    assert await quota.used_this_month(connection) == {"one": 3, "two": 1}
    one, two, three = await summarise(connection, ["one", "two", "three"])
    assert [(each.quota_used, each.quota_limit) for each in (one, two, three)] == [(3, 3), (1, None), (0, None)]
    await connection.execute("UPDATE quota SET month = month - interval '1 month'")
    assert await quota.used_this_month(connection) == {}
    assert await quota.spend(connection, "one", 3)


@pytest.mark.parametrize("limit", [0])
async def test_a_quota_of_nothing_allows_nothing_once_a_call_is_counted(connection: Connection, limit: int) -> None:
    await quota.spend(connection, "one", None)
    assert not await quota.spend(connection, "one", limit)
    assert await value(connection, "SELECT used FROM quota") == 1
