"""The worker: what waits is run, the schedule is kept, and nothing that breaks ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from kasparro.ingest.run import run_ingest
from kasparro.postgres.sharing import Server
from kasparro.store.claims import claim, release
from kasparro.store.connection import Connection, connect
from kasparro.store.queue import Enqueued, enqueue
from kasparro.store.runs import Run, get_run, list_runs, open_run
from kasparro.worker import run_worker
from tests.ingest.looking import rows, value
from tests.ingest.scripted import Answer, Scripted, body, record

PATIENCE_S = 60.0
PAGE = body(record("c1", "1"))

Open = Callable[[tuple[str, ...]], Any]


def opening(*answers: Answer) -> Open:
    """Sources of any name with these answers."""

    @asynccontextmanager
    async def opened(names: tuple[str, ...]) -> AsyncIterator[Sequence[Scripted]]:
        yield [Scripted(*answers, name=name) for name in names]

    return opened


@asynccontextmanager
async def workers(url: str, opened: Open, number: int = 1, expression: str = "off") -> AsyncIterator[None]:
    """Workers at work, told to stop at the end."""
    tasks = [
        asyncio.create_task(run_worker(url, opened, expression=expression, scheduled=("one", "two")))
        for _ in range(number)
    ]
    try:
        yield
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def until(question: Callable[[], Any]) -> Any:
    """The first true answer."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := await question():
                return found
            await asyncio.sleep(0.02)


async def ask(connection: Connection, *sources: str) -> int:
    made = await enqueue(connection, sources, asked_by="api")
    assert isinstance(made, Enqueued)
    return made.run_id


async def ended(connection: Connection, run_id: int) -> Run:
    async def look() -> Run | None:
        run = await get_run(connection, run_id)
        return run if run and run.status not in ("queued", "running") else None

    found: Run = await until(look)
    return found


async def test_a_waiting_run_is_worked_off_and_says_by_whom(url: str, connection: Connection) -> None:
    run_id = await ask(connection, "one", "two")
    async with workers(url, opening(PAGE)):
        run = await ended(connection, run_id)
    assert (run.status, run.asked_by) == ("success", "api")
    assert run.host
    assert run.pid
    assert [(step.source, step.new) for step in run.steps] == [("one", 1), ("two", 1)]


async def test_an_idle_worker_hears_of_a_new_run(url: str, connection: Connection) -> None:
    async with workers(url, opening(PAGE)):
        for _ in range(3):
            assert (await ended(connection, await ask(connection, "one"))).status == "success"


async def test_several_workers_make_one_run_of_one_moment(url: str, connection: Connection) -> None:
    async with workers(url, opening(PAGE), number=4, expression="0 0 1 1 *"):
        [run] = await until(lambda: list_runs(connection, limit=5))
        await ended(connection, run.run_id)
        # Another run shows that all of them have looked at the schedule again meanwhile.
        await ended(connection, await ask(connection, "one"))
    scheduled = await rows(connection, "SELECT asked_by, status FROM etl_runs WHERE scheduled_for IS NOT NULL")
    assert scheduled == [("schedule", "success")]
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 2


async def test_each_moment_that_comes_gets_its_run(url: str, connection: Connection) -> None:
    async with workers(url, opening(PAGE), number=2, expression="* * * * * *"):
        await until(lambda: _at_least(connection, 3))
    moments = await rows(connection, "SELECT scheduled_for FROM etl_runs ORDER BY 1")
    assert len(set(moments)) == len(moments)


async def _at_least(connection: Connection, runs: int) -> bool:
    found = await value(connection, "SELECT count(DISTINCT scheduled_for) FROM etl_runs WHERE status = 'success'")
    return bool(found >= runs)


async def test_runs_never_overlap_however_many_workers(url: str, connection: Connection) -> None:
    at_work: list[str] = []
    most: list[int] = []

    async def page() -> bytes:
        at_work.append("one")
        most.append(len(at_work))
        await asyncio.sleep(0.05)
        at_work.pop()
        return PAGE

    async with workers(url, opening(page), number=3):
        for _ in range(5):
            await ended(connection, await ask(connection, "one"))
    assert most == [1] * 5


async def test_a_run_waits_while_somebody_works_on_one_of_its_sources(url: str, connection: Connection) -> None:
    assert await claim(connection, "two")
    other = await connect(url)
    run_id = await ask(other, "one", "two")
    tried = asyncio.Event()

    @asynccontextmanager
    async def opened(names: tuple[str, ...]) -> AsyncIterator[Sequence[Scripted]]:
        try:
            yield [Scripted(PAGE, name=name) for name in names]
        finally:
            tried.set()

    async with workers(url, opened):
        async with asyncio.timeout(PATIENCE_S):
            await tried.wait()
        waiting = await get_run(other, run_id)
        assert waiting is not None
        assert (waiting.status, waiting.steps) == ("queued", [])
        await release(connection)
        assert (await ended(other, run_id)).status == "success"
    await other.close()


async def test_a_source_that_does_not_exist_here_fails_the_run_and_not_the_worker(
    url: str, connection: Connection
) -> None:
    @asynccontextmanager
    async def opened(names: tuple[str, ...]) -> AsyncIterator[Sequence[Scripted]]:
        if "gone" in names:
            raise KeyError("gone")
        yield [Scripted(PAGE, name=name) for name in names]

    run_id = await ask(connection, "one", "gone")
    async with workers(url, opened):
        run = await ended(connection, run_id)
        assert run.status == "failed"
        assert ["KeyError" in (step.error or "") for step in run.steps] == [True, True]
        assert (await ended(connection, await ask(connection, "one"))).status == "success"


async def test_an_orphan_is_closed_and_its_source_used(url: str, connection: Connection) -> None:
    orphan, _ = await open_run(connection, kind="ingest", sources=["one"], host="there", pid=1)
    async with workers(url, opening(PAGE)):
        assert (await ended(connection, orphan)).status == "interrupted"
        assert (await ended(connection, await ask(connection, "one"))).status == "success"


async def test_told_to_stop_the_run_is_closed_and_the_next_goes_on(url: str, connection: Connection) -> None:
    reached = asyncio.Event()

    async def never() -> bytes:
        reached.set()
        await asyncio.Event().wait()
        return b""

    run_id = await ask(connection, "one")
    async with workers(url, opening(PAGE, never)):
        async with asyncio.timeout(PATIENCE_S):
            await reached.wait()
        await until(lambda: value(connection, "SELECT count(*) FROM loads"))
    run = await get_run(connection, run_id)
    assert run is not None
    assert (run.status, run.steps[0].status, run.steps[0].new) == ("interrupted", "interrupted", 1)
    report = await run_ingest(url, [Scripted(PAGE, PAGE, name="one")], progress=_Nobody())
    assert report.steps[0].requests == 1


class _Nobody:
    def planned(self, *_: object) -> None: ...
    def committed(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...


async def test_a_database_that_goes_away_is_waited_for(url: str, connection: Connection, server: Server) -> None:
    async with workers(url, opening(PAGE)):
        assert (await ended(connection, await ask(connection, "one"))).status == "success"
        name = await value(connection, "SELECT current_database()")
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
        again = await connect(url)
        try:
            assert (await ended(again, await ask(again, "one"))).status == "success"
        finally:
            await again.close()
