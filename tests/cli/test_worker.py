"""`kasparro worker` as processes: killed or told to stop in the middle of a run, the next run goes on."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.queue import Enqueued, Occupied, enqueue
from tests.ingest.commands import PATIENCE_S, Commands, fresh_ledger, simulated_market, until

SOURCES = ("coingecko", "coinpaprika", "csv")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A market of so many pages that a run can be met in the middle."""
    with simulated_market(tmp_path_factory.mktemp("market"), coingecko=10_000, coinpaprika=2_000) as commands:
        yield commands.having(ETL_SCHEDULE="off")


@pytest.fixture
def ledger(server: Server, template: str) -> Iterator[str]:
    with fresh_ledger(server, template) as url:
        yield url


@contextmanager
def workers(market: Commands, url: str, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    started = [market.having(DATABASE_URL=url).start("worker") for _ in range(number)]
    try:
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def ask(url: str, statement: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def enqueued(url: str) -> int:
    """A new run; while the server hasn't yet noticed that a worker is gone, its run still counts."""

    async def try_it() -> Enqueued | Occupied:
        async with await connect(url) as connection:
            return await enqueue(connection, SOURCES, asked_by="api")

    def is_made() -> bool:
        made.append(asyncio.run(try_it()))
        return isinstance(made[-1], Enqueued)

    made: list[Enqueued | Occupied] = []
    until(is_made)
    return made[-1].run_id


def test_killed_in_the_middle_another_worker_runs_the_next(market: Commands, ledger: str) -> None:
    with workers(market, ledger, 2) as pair:
        killed = enqueued(ledger)
        until(lambda: ask(ledger, "SELECT count(*) > 2 FROM loads"))
        pid = ask(ledger, "SELECT pid FROM etl_runs")
        [at_work] = [worker for worker in pair if worker.pid == pid]
        at_work.kill()
        following = enqueued(ledger)
        until(lambda: ask(ledger, f"SELECT ended_at FROM etl_runs WHERE run_id = {following}"))
        [left] = [worker for worker in pair if worker.pid != pid]
        assert left.poll() is None
    assert ask(ledger, f"SELECT status FROM etl_runs WHERE run_id = {killed}") == "interrupted"
    assert ask(ledger, f"SELECT status FROM etl_runs WHERE run_id = {following}") == "success"
    assert ask(ledger, f"SELECT pid FROM etl_runs WHERE run_id = {following}") == left.pid
    assert ask(ledger, "SELECT count(*) FROM etl_steps WHERE status = 'running'") == 0
    # The simulated sweep meets some coins twice and lists few others not at all; a lost page would be 250 coins.
    assert ask(ledger, "SELECT count(*) FROM latest_quotes WHERE source = 'coingecko'") > 9_900


def test_told_to_stop_it_leaves_nothing_open_and_the_next_goes_on(market: Commands, ledger: str) -> None:
    with workers(market, ledger, 1) as [worker]:
        run_id = enqueued(ledger)
        until(lambda: ask(ledger, "SELECT count(*) > 2 FROM loads"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_S) == 0
    assert ask(ledger, f"SELECT status FROM etl_runs WHERE run_id = {run_id}") == "interrupted"
    assert ask(ledger, "SELECT count(*) FROM etl_steps WHERE status = 'running'") == 0
    assert ask(ledger, "SELECT max(load_id) = count(*) FROM loads")
    with workers(market, ledger, 1):
        run_id = enqueued(ledger)
        until(lambda: ask(ledger, f"SELECT ended_at FROM etl_runs WHERE run_id = {run_id}"))
    assert ask(ledger, f"SELECT status FROM etl_runs WHERE run_id = {run_id}") == "success"


LOOKED = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND query ~ '^SELECT .*status = .queued' AND state = 'idle'"""


def test_an_idle_worker_stops_at_once_and_well(market: Commands, ledger: str) -> None:
    with workers(market, ledger, 1) as [worker]:
        until(lambda: ask(ledger, LOOKED))
        worker.send_signal(signal.SIGINT)
        out, err = worker.communicate(timeout=PATIENCE_S)
    assert (worker.returncode, out, err) == (0, "", "")
