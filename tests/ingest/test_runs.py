"""Runs: what one bad part does to the others, and how the next run goes on."""

import asyncio
from datetime import UTC, datetime

import pytest

from kasparro.errors import ExitCode, Fatal
from kasparro.ingest.errors import SourcesBusy
from kasparro.ingest.progress import Quiet
from kasparro.ingest.report import RunReport
from kasparro.ingest.run import run_ingest
from kasparro.sources.contract import Source
from kasparro.sources.errors import SourceStopped
from kasparro.store.claims import claim
from kasparro.store.connection import Connection
from kasparro.store.digest import digest
from kasparro.store.page import Counts
from kasparro.store.runs import list_runs, open_run
from tests.ingest.looking import latest, rows, value
from tests.ingest.scripted import Answer, Scripted, body, never, record, unavailable

PAGES = [body(record(f"c{n}", str(n))) for n in range(1, 6)]


async def _ingest(url: str, *sources: Source, fail_after: int | None = None) -> RunReport:
    return await run_ingest(url, sources, progress=Quiet(), fail_after=fail_after)


async def test_a_run_reports_what_each_source_brought(url: str, connection: Connection) -> None:
    report = await _ingest(url, Scripted(*PAGES), Scripted(body(record("a", "x", bad="no")), name="other"))
    assert (report.status, report.exit_code) == ("success", ExitCode.OK)
    assert [step.counts for step in report.steps] == [Counts(5, 5, 0, 0), Counts(1, 0, 0, 1)]
    [run] = await list_runs(connection, limit=9)
    assert (run.status, run.run_id, run.sources) == ("success", report.run_id, ["scripted", "other"])
    assert [(step.status, step.seen, step.new, step.rejected, step.requests) for step in run.steps] == [
        ("success", 5, 5, 0, 5),
        ("success", 1, 0, 1, 1),
    ]


async def test_a_failing_source_does_not_touch_the_others(url: str, connection: Connection) -> None:
    bad = Scripted(PAGES[0], SourceStopped("the key is wrong", remedy="Set it"), *PAGES[1:], name="bad", concurrency=1)
    report = await _ingest(url, bad, Scripted(*PAGES))
    assert (report.status, report.exit_code) == ("partial", ExitCode.PARTIAL)
    assert [(step.source, step.status, step.error, step.remedy) for step in report.steps] == [
        ("bad", "failed", "the key is wrong", "Set it"),
        ("scripted", "success", None, None),
    ]
    assert len(await latest(connection, "bad")) == 1
    assert len(await latest(connection, "scripted")) == 5


async def test_a_fault_of_ours_in_one_source_does_not_touch_the_others(url: str, connection: Connection) -> None:
    report = await _ingest(url, Scripted(ZeroDivisionError("oops"), name="bad"), Scripted(*PAGES))
    assert report.status == "partial"
    assert report.steps[0].error == "unexpected ZeroDivisionError: oops"
    assert len(await latest(connection, "scripted")) == 5


async def test_a_run_in_which_all_fail_has_failed_for_their_reason(url: str) -> None:
    report = await _ingest(url, *(Scripted(SourceStopped("no"), name=name) for name in "ab"))
    assert (report.status, report.exit_code) == ("failed", ExitCode.FAILED)


async def test_sources_are_closed_whatever_happens(url: str) -> None:
    sources = [Scripted(*PAGES), Scripted(RuntimeError("oops"), name="bad")]
    await _ingest(url, *sources)
    gone = Scripted()
    with pytest.raises(Fatal):
        await _ingest(url.replace("/test_", "/no_"), gone)
    assert [source.closed for source in (*sources, gone)] == [True, True, True]


async def test_a_page_that_cannot_be_had_is_a_hole_which_alone_the_next_run_fetches(
    url: str, connection: Connection
) -> None:
    source = Scripted(PAGES[0], unavailable(), *PAGES[2:])
    report = await _ingest(url, source)
    assert [(step.status, step.counts.new) for step in report.steps] == [("failed", 4)]
    assert await value(connection, "SELECT cursor -> 'done' FROM checkpoints") == [1, 3, 4, 5]
    assert await value(connection, "SELECT cursor ->> 'abandoned' FROM checkpoints") == "true"
    source = Scripted(*PAGES)
    report = await _ingest(url, source)
    assert source.asked == [("pages", 2)]
    assert report.steps[0].counts == Counts(1, 1, 0, 0)
    assert len(await latest(connection, "scripted")) == 5
    assert await value(connection, "SELECT cursor ->> 'complete' FROM checkpoints") == "true"


async def test_three_failures_in_a_row_end_a_stream_and_not_the_next_one(url: str, connection: Connection) -> None:
    answers: list[Answer] = [PAGES[0], unavailable(), unavailable(), unavailable(), *PAGES[1:]]
    source = Scripted(streams={"first": answers, "second": PAGES[4:]}, concurrency=1)
    report = await _ingest(url, source)
    assert source.asked == [*(("first", n) for n in (1, 2, 3, 4)), ("second", 1)]
    assert report.steps[0].error == "the provider has a fault (500) (and 2 more)"
    assert len(await latest(connection, "scripted")) == 2


async def test_failures_that_are_not_in_a_row_do_not_end_a_stream(url: str) -> None:
    source = Scripted(unavailable(), unavailable(), PAGES[0], unavailable(), unavailable(), PAGES[1])
    assert (await _ingest(url, source)).steps[0].counts.new == 2


async def test_pages_are_committed_in_their_order_though_later_ones_arrive_first(
    url: str, connection: Connection
) -> None:
    second_came = asyncio.Event()

    async def second() -> bytes:
        second_came.set()
        return PAGES[1]

    async def first() -> bytes:
        await second_came.wait()
        return PAGES[0]

    await _ingest(url, Scripted(first, second))
    positions = await rows(connection, "SELECT request ->> 'position' FROM loads ORDER BY load_id")
    assert positions == [("1",), ("2",)]


async def test_a_coin_met_twice_in_one_sweep_is_a_duplicate_and_unchanged(url: str) -> None:
    shifted = body(record("c1", "1"), record("c2", "2"))
    report = await _ingest(url, Scripted(PAGES[0], shifted))
    assert report.steps[0].counts == Counts(3, 2, 1, 0)
    assert report.steps[0].duplicates == 1


async def test_a_run_stopped_on_purpose_goes_on_from_its_last_committed_page(url: str, connection: Connection) -> None:
    source = Scripted(*PAGES, concurrency=1)
    report = await _ingest(url, source, fail_after=3)
    assert (report.status, report.exit_code) == ("failed", ExitCode.FAILED)
    assert report.steps[0].counts.new == 3
    assert "ETL_FAIL_AFTER_N_RECORDS" in (report.steps[0].error or "")
    source = Scripted(*PAGES)
    await _ingest(url, source)
    assert source.asked == [("pages", 4), ("pages", 5)]
    assert len(await latest(connection, "scripted")) == 5


async def test_a_source_that_another_run_holds_is_left_to_it(url: str, connection: Connection) -> None:
    assert await claim(connection, "held")
    with pytest.raises(SourcesBusy, match="held") as told:
        await _ingest(url, Scripted(name="held"))
    assert "kasparro status" in told.value.remedy
    report = await _ingest(url, Scripted(name="held"), Scripted(*PAGES))
    assert (report.status, [step.source for step in report.steps]) == ("partial", ["scripted"])
    assert len(report.busy) == 1
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 1


async def test_runs_of_different_sources_go_side_by_side(url: str, connection: Connection) -> None:
    started = asyncio.Event()

    async def waits() -> bytes:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    first = asyncio.create_task(_ingest(url, Scripted(waits, name="slow")))
    await started.wait()
    assert (await _ingest(url, Scripted(*PAGES))).status == "success"
    with pytest.raises(SourcesBusy, match=r"slow \(run 1\)"):
        await _ingest(url, Scripted(name="slow"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_runs_of_a_source_follow_each_other_without_a_pause(url: str) -> None:
    for _ in range(10):
        assert (await _ingest(url, Scripted(*PAGES), Scripted(name="other"))).status == "success"


async def test_the_next_run_closes_what_a_process_that_is_gone_left_open(url: str, connection: Connection) -> None:
    orphan, _ = await open_run(connection, kind="ingest", sources=["scripted"], host="gone", pid=1)
    await _ingest(url, Scripted(*PAGES))
    found = await rows(connection, "SELECT run_id, status FROM etl_runs ORDER BY run_id")
    assert [row[1] for row in found if row[0] == orphan] == ["interrupted"]
    assert await value(connection, "SELECT status FROM etl_steps WHERE run_id = %s", orphan) == "interrupted"


async def test_a_run_that_is_cancelled_is_interrupted_and_keeps_its_pages(url: str, connection: Connection) -> None:
    source, other = Scripted(*PAGES[:2], never, concurrency=1), Scripted(never, name="other")
    task = asyncio.create_task(_ingest(url, source, other))
    async with asyncio.timeout(30):
        while await value(connection, "SELECT count(*) FROM loads") < 2 or not other.asked:  # noqa: ASYNC110
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [run] = await list_runs(connection, limit=9)
    assert run.status == "interrupted"
    assert [(step.status, step.error) for step in run.steps] == [("interrupted", "stopped by hand")] * 2
    assert (source.closed, other.closed) == (True, True)
    assert await claim(connection, "scripted")
    assert len(await latest(connection, "scripted")) == 2


async def test_a_step_whose_connection_is_cut_claims_again_and_ends_as_if_nothing_happened(
    url: str, connection: Connection
) -> None:
    asked: list[int] = []

    async def unavailable_at_first() -> bytes:
        asked.append(2)
        if len(asked) == 1:
            raise unavailable()
        return PAGES[1]

    async def cut_at_first() -> bytes:
        asked.append(3)
        if asked.count(3) == 1:
            await rows(
                connection,
                """SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
                    WHERE locktype = 'advisory' AND datname = current_database()""",
            )
        return PAGES[2]

    async def claimed_again() -> bytes:
        assert asked.count(3) == 1 or not await claim(connection, "scripted")
        return PAGES[3]

    source = Scripted(PAGES[0], unavailable_at_first, cut_at_first, claimed_again, PAGES[4], concurrency=1)
    report = await _ingest(url, source)
    assert (report.status, report.steps[0].error) == ("success", None)
    assert asked == [2, 3, 2, 3]
    assert sorted(coin for _, coin in await latest(connection, "scripted")) == ["c1", "c2", "c3", "c4", "c5"]
    assert await rows(connection, "SELECT status FROM etl_runs") == [("success",)]


async def test_two_ledgers_of_the_same_data_have_equal_digests_and_others_not(url: str, connection: Connection) -> None:
    at = datetime.now(UTC)
    await _ingest(url, Scripted(*PAGES[:4], arrived=lambda: at))
    before = await digest(connection)
    await _ingest(url, Scripted(*PAGES[:4]))
    assert await digest(connection) == before
    await _ingest(url, Scripted(*PAGES))
    after = await digest(connection)
    assert {table for table in after if after[table] != before[table]} >= {"quotes", "latest_quotes", "payloads"}
