"""The queue: who asks at once gets one run, and what lost its process stands in nobody's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from kasparro.store.claims import claim, claimed, close_all_orphans, release
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import IdempotencyConflict
from kasparro.store.queue import (
    RESUMPTIONS,
    Enqueued,
    Occupied,
    QueuedRun,
    clock,
    enqueue,
    heard,
    listen,
    next_queued,
    queue_state,
    refuse_queued,
    schedule,
)
from kasparro.store.runs import Begun, begin_queued, close_run, get_run, open_run
from tests.ingest.looking import rows, value

SOURCES = ("one", "two")
LONG = 60.0


@asynccontextmanager
async def connections(url: str, number: int) -> AsyncIterator[list[Connection]]:
    async with AsyncExitStack() as stack:
        opened = [await connect(url) for _ in range(number)]
        for each in opened:
            stack.push_async_callback(each.close)
        yield opened


async def ask(connection: Connection, key: str | None = None, *sources: str) -> Enqueued | Occupied:
    return await enqueue(connection, sources or SOURCES, asked_by="api", idempotency_key=key)


async def begin(connection: Connection, run_id: int) -> Begun | None:
    for source in SOURCES:
        assert await claim(connection, source)
    return await begin_queued(connection, run_id, host="here", pid=1)


async def slot_now(connection: Connection) -> datetime:
    return (await clock(connection)).replace(minute=0, second=0, microsecond=0)


async def test_of_many_who_ask_at_once_exactly_one_gets_a_run(url: str, connection: Connection) -> None:
    async with connections(url, 12) as many:
        answers = await asyncio.gather(*(ask(each) for each in many))
    [made] = [answer for answer in answers if isinstance(answer, Enqueued)]
    assert {answer for answer in answers if isinstance(answer, Occupied)} == {Occupied(made.run_id, "queued")}
    assert await rows(connection, "SELECT run_id, status, asked_by FROM etl_runs") == [(made.run_id, "queued", "api")]


async def test_of_many_workers_exactly_one_asks_for_a_moment_of_the_schedule(url: str, connection: Connection) -> None:
    slot = await slot_now(connection)
    async with connections(url, 12) as many:
        answers = await asyncio.gather(*(schedule(each, slot, SOURCES) for each in many))
    assert len([answer for answer in answers if answer is not None]) == 1
    assert await rows(connection, "SELECT scheduled_for, asked_by FROM etl_runs") == [(slot, "schedule")]


async def test_the_same_key_gives_the_same_run_whatever_has_become_of_it(connection: Connection) -> None:
    first = await ask(connection, "k")
    assert isinstance(first, Enqueued)
    assert not first.repeated
    assert await ask(connection, "k", "two", "one") == Enqueued(first.run_id, repeated=True)
    await begin(connection, first.run_id)
    await close_run(connection, first.run_id, status="success")
    assert await ask(connection, "k") == Enqueued(first.run_id, repeated=True)
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 1


async def test_the_same_key_at_once_makes_one_run(url: str, connection: Connection) -> None:
    async with connections(url, 8) as many:
        answers = await asyncio.gather(*(ask(each, "k") for each in many))
    assert sorted(answer.repeated for answer in answers if isinstance(answer, Enqueued)) == [False] + [True] * 7
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 1


async def test_the_same_key_with_other_sources_is_a_conflict(connection: Connection) -> None:
    first = await ask(connection, "k", "one")
    assert isinstance(first, Enqueued)
    with pytest.raises(IdempotencyConflict) as raised:
        await ask(connection, "k", "two")
    assert raised.value.run_id == first.run_id
    assert raised.value.remedy
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 1


async def test_a_running_run_occupies_the_queue_until_it_ends(url: str, connection: Connection) -> None:
    first = await ask(connection)
    assert isinstance(first, Enqueued)
    async with connections(url, 1) as [worker]:
        assert await begin(worker, first.run_id) is not None
        assert await ask(connection) == Occupied(first.run_id, "running")
        await worker.execute("UPDATE etl_steps SET status = 'success', ended_at = now()")
        await close_run(worker, first.run_id, status="success")
    assert isinstance(await ask(connection), Enqueued)


async def test_a_run_whose_process_is_gone_occupies_nothing(url: str, connection: Connection) -> None:
    first = await ask(connection)
    assert isinstance(first, Enqueued)
    async with connections(url, 1) as [worker]:
        await begin(worker, first.run_id)
        await release(worker)
    assert isinstance(await ask(connection), Enqueued)
    assert await close_all_orphans(connection) == [first.run_id]
    left = await get_run(connection, first.run_id)
    assert left is not None
    assert (left.status, [step.status for step in left.steps]) == ("interrupted", ["interrupted"] * 2)


async def test_what_somebody_works_on_is_no_orphan(url: str, connection: Connection) -> None:
    async with connections(url, 1) as [worker]:
        assert await claim(worker, "one")
        run_id, _ = await open_run(worker, kind="ingest", sources=["one"], host="here", pid=1)
        assert await close_all_orphans(connection) == []
        assert await claimed(connection, ["one", "two"]) == {"one"}
        await release(worker)
    assert await claimed(connection, ["one", "two"]) == set()
    assert await close_all_orphans(connection) == [run_id]


async def test_closing_orphans_leaves_their_sources_free(url: str, connection: Connection) -> None:
    await open_run(connection, kind="ingest", sources=["one"], host="here", pid=1)
    assert len(await close_all_orphans(connection)) == 1
    async with connections(url, 1) as [other]:
        assert await claim(other, "one")


async def test_a_replay_that_runs_does_not_keep_a_run_from_waiting(connection: Connection) -> None:
    assert await claim(connection, "one")
    await open_run(connection, kind="replay", sources=["one"], host="here", pid=1)
    assert isinstance(await ask(connection), Enqueued)


async def test_of_two_workers_one_begins_the_waiting_run(url: str, connection: Connection) -> None:
    made = await ask(connection)
    assert isinstance(made, Enqueued)
    assert await next_queued(connection) == QueuedRun(made.run_id, SOURCES)
    async with connections(url, 6) as workers:
        begun = await asyncio.gather(
            *(begin_queued(worker, made.run_id, host=str(n), pid=n + 1) for n, worker in enumerate(workers))
        )
    [only] = [each for each in begun if each is not None]
    assert set(only.steps) == set(SOURCES)
    assert await value(connection, "SELECT count(*) FROM etl_steps") == 2
    assert await next_queued(connection) is None


async def test_a_run_goes_on_with_the_trace_in_which_it_was_asked_for(connection: Connection) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    made = await enqueue(connection, SOURCES, asked_by="api", traceparent=trace)

    begun = await begin(connection, made.run_id)

    assert begun is not None
    assert begun.traceparent == trace


async def test_a_waiting_run_that_another_is_about_to_begin_is_passed_over(url: str, connection: Connection) -> None:
    made = await ask(connection)
    assert isinstance(made, Enqueued)
    async with connections(url, 1) as [other], other.transaction():
        assert await begin_queued(other, made.run_id, host="there", pid=2)
        async with asyncio.timeout(LONG):
            assert await begin_queued(connection, made.run_id, host="here", pid=1) is None
    assert await value(connection, "SELECT host FROM etl_runs") == "there"


async def test_a_moment_has_its_run_once_also_after_that_has_ended(connection: Connection) -> None:
    slot = await slot_now(connection)
    made = await schedule(connection, slot, SOURCES)
    assert made is not None
    assert await schedule(connection, slot, SOURCES) is None
    await begin(connection, made)
    await close_run(connection, made, status="failed")
    assert await schedule(connection, slot, SOURCES) is None
    await connection.execute("UPDATE etl_runs SET requested_at = %s", (slot - timedelta(hours=1),))
    assert await schedule(connection, slot, SOURCES) is None


@pytest.mark.parametrize(("ended_as", "needed"), [("success", False), ("failed", False), ("interrupted", True)])
async def test_a_run_by_hand_since_the_moment_serves_it_unless_it_was_interrupted(
    connection: Connection, ended_as: str, needed: bool
) -> None:
    slot = await slot_now(connection)
    run_id, _ = await open_run(connection, kind="ingest", sources=["two", "one", "more"], host="here", pid=1)
    await close_run(connection, run_id, status=ended_as)
    assert (await schedule(connection, slot, SOURCES) is not None) is needed


async def test_a_run_of_some_sources_leaves_the_moment_to_the_others(connection: Connection) -> None:
    slot = await slot_now(connection)
    run_id, _ = await open_run(connection, kind="ingest", sources=["one"], host="here", pid=1)
    await close_run(connection, run_id, status="success")
    made = await schedule(connection, slot, SOURCES)
    assert made is not None
    await begin(connection, made)
    await close_run(connection, made, status="success")
    assert await schedule(connection, slot, ("one", "two", "new")) is None, "its own run was there"


async def test_what_people_interrupt_does_not_end_a_moment_of_the_schedule(connection: Connection) -> None:
    slot = await slot_now(connection)
    for _ in range(RESUMPTIONS + 1):
        run_id, _ = await open_run(connection, kind="ingest", sources=SOURCES, host="here", pid=1)
        await close_run(connection, run_id, status="interrupted")
    assert await schedule(connection, slot, SOURCES) is not None


async def test_a_missed_moment_is_caught_up(connection: Connection) -> None:
    slot = await slot_now(connection)
    run_id, _ = await open_run(connection, kind="ingest", sources=["one"], host="here", pid=1)
    await close_run(connection, run_id, status="success")
    await connection.execute("UPDATE etl_runs SET requested_at = %s", (slot - timedelta(seconds=1),))
    assert await schedule(connection, slot, SOURCES) is not None


async def test_an_interrupted_moment_goes_to_a_new_run_but_not_for_ever(connection: Connection) -> None:
    slot = await slot_now(connection)
    made: list[int | None] = []
    for _ in range(RESUMPTIONS + 1):
        made.append(await schedule(connection, slot, SOURCES))
        await connection.execute("UPDATE etl_runs SET status = 'interrupted', host = 'here', pid = 1")
    assert [run is not None for run in made] == [True] * RESUMPTIONS + [False]
    assert await rows(connection, "SELECT run_id FROM etl_runs WHERE scheduled_for = %s", slot) == [(made[-2],)]


async def test_a_moment_waits_for_no_second_run_while_one_waits(connection: Connection) -> None:
    await ask(connection)
    assert await schedule(connection, datetime(2100, 1, 1, tzinfo=UTC), SOURCES) is None


async def test_the_state_has_what_waits_and_what_really_runs(url: str, connection: Connection) -> None:
    nothing = await queue_state(connection)
    assert (nothing.queued, nothing.running) == (None, [])
    made = await ask(connection)
    assert isinstance(made, Enqueued)
    waiting = await queue_state(connection)
    assert waiting.queued is not None
    assert (waiting.queued.run_id, waiting.queued.host, waiting.queued.asked_by) == (made.run_id, None, "api")
    async with connections(url, 1) as [worker]:
        await begin(worker, made.run_id)
        [running] = (await queue_state(connection)).running
        assert (running.run_id, [step.source for step in running.steps]) == (made.run_id, list(SOURCES))
        await release(worker)
    gone = await queue_state(connection)
    assert (gone.queued, gone.running) == (None, [])


async def test_a_run_that_cannot_begin_ends_as_failed_with_its_reason(connection: Connection) -> None:
    made = await ask(connection)
    assert isinstance(made, Enqueued)
    await refuse_queued(connection, made.run_id, host="here", pid=1, error="no such source", remedy="Install it")
    run = await get_run(connection, made.run_id)
    assert run is not None
    assert (run.status, run.host) == ("failed", "here")
    assert [(step.source, step.status, step.error) for step in run.steps] == [
        (source, "failed", "no such source") for source in SOURCES
    ]
    assert await next_queued(connection) is None


async def test_who_listens_hears_of_a_run_at_once_and_else_waits_its_time(url: str, connection: Connection) -> None:
    await listen(connection)
    async with asyncio.timeout(LONG):
        await heard(connection, 0.01)
    async with connections(url, 1) as [other]:
        waiting = asyncio.create_task(heard(connection, 10 * LONG))
        assert isinstance(await ask(other), Enqueued)
        async with asyncio.timeout(LONG):
            await waiting
