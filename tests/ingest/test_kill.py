"""Killed at any instant, the next run ends in the same state as if nothing had happened."""

import asyncio
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kasparro.postgres import sharing
from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.digest import digest
from tests.ingest.commands import PATIENCE_S, Commands, fresh_ledger, simulated_market, until

TRIALS = int(os.environ.get("KASPARRO_KILLS", "5"))
CLUSTER_TRIALS = max(1, TRIALS // 20)
AT_ONCE = 2

Digest = dict[str, dict[str, object]]


class Undisturbed:
    """What a run that nobody disturbs leaves behind, and how long it takes."""

    def __init__(self, market: Commands, server: Server, template: str) -> None:
        self.market = market
        self.server = server
        self.template = template
        with fresh_ledger(server, template) as url:
            commands = market.having(DATABASE_URL=url)
            began = time.monotonic()
            assert commands.json("ingest")["status"] == "success"
            self.seconds = time.monotonic() - began
            self.digest: Digest = commands.json("db", "digest")
            self.loads = _ask(url, "SELECT version FROM ledger")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, server: Server, template: str) -> Iterator[Undisturbed]:
    with simulated_market(tmp_path_factory.mktemp("market"), coingecko=5_000, coinpaprika=2_000) as market:
        yield Undisturbed(market, server, template)


def test_a_run_killed_at_random_instants_ends_as_an_undisturbed_one(
    undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(partial(_trial, undisturbed), range(TRIALS)))
    left = [loads for trial in found for loads in trial]
    amid = sum(0 < loads < undisturbed.loads for loads in left)
    with capsys.disabled():
        print(f"\n{TRIALS} trials, {len(left)} kills, {amid} of them amid the pages: all digests equal")


def test_a_run_killed_with_its_whole_database_server_ends_as_an_undisturbed_one(
    undisturbed: Undisturbed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kills: list[int] = []
    for number in range(CLUSTER_TRIALS):
        left: list[int] = []
        dice = random.Random(f"cluster {number}")
        home = tmp_path / str(number)
        commands = undisturbed.market.having(KASPARRO_HOME=home)
        for _ in range(1 + number % 2):
            after = _some_loads_on(left[-1] if left else 0, undisturbed.loads, dice)
            left.append(_kill_with_server(commands, home, after, dice))
        assert _ingest_when_free(commands)["status"] == "success"
        _assert_equal(commands.json("db", "digest"), undisturbed.digest, f"cluster {number}")
        kills += left
    amid = sum(0 < loads < undisturbed.loads for loads in kills)
    with capsys.disabled():
        print(f"\n{CLUSTER_TRIALS} trials, {len(kills)} kills of the server, {amid} amid the pages: all digests equal")


def _trial(undisturbed: Undisturbed, number: int) -> list[int]:
    """Kill one to three runs in a row, then let one end; how many loads the ledger had after each kill."""
    dice = random.Random(f"trial {number}")
    left: list[int] = []
    with fresh_ledger(undisturbed.server, undisturbed.template) as url:
        commands = undisturbed.market.having(DATABASE_URL=url)
        for _ in range(dice.choice((1, 1, 2, 3))):
            _kill_one(commands, url, undisturbed, dice)
            left.append(_ask(url, "SELECT count(*) FROM loads"))
        report = _ingest_when_free(commands)
        assert report["status"] == "success", f"trial {number}: {report}"
        _assert_equal(asyncio.run(_digest(url)), undisturbed.digest, f"trial {number}")
        for unfinished in ("etl_runs", "etl_steps"):
            assert _ask(url, f"SELECT count(*) FROM {unfinished} WHERE status = 'running'") == 0
        numbers = "(SELECT load_id AS number FROM loads UNION ALL SELECT version FROM resolutions) n"
        assert _ask(url, f"SELECT max(number) - count(*) FROM {numbers}") == 0, "numbered without gaps"
    return left


def _kill_one(commands: Commands, url: str, undisturbed: Undisturbed, dice: random.Random) -> None:
    """SIGKILL at a random instant: of the run's time, or a moment after one of its commits."""
    with commands.start("ingest") as process:
        if dice.random() < 0.4:
            with suppress(subprocess.TimeoutExpired):
                process.wait(dice.uniform(0.3, 1.0) * undisturbed.seconds)
        else:
            with psycopg.connect(url, autocommit=True) as watching:
                after = _some_loads_on(_version(watching), undisturbed.loads, dice)
                until(lambda: process.poll() is not None or _version(watching) >= after, pause=0.001)
                threading.Event().wait(dice.uniform(0, 0.02))
        process.kill()
        process.communicate()


def _some_loads_on(now: int, whole: int, dice: random.Random) -> int:
    """A number of loads that a run which begins with `now` of them reaches on its way to the `whole`."""
    return now + dice.randrange(1, max(whole - now, 2))


def _kill_with_server(commands: Commands, home: Path, after: int, dice: random.Random) -> int:
    """SIGKILL for a run and for the server that it works on, once `after` loads are committed; how many were."""
    with commands.start("ingest") as process:
        until(lambda: process.poll() is not None or _loads(home) >= after, pause=0.005)
        threading.Event().wait(dice.uniform(0, 0.02))
        loads = _loads(home)
        found = sharing.status(home)
        assert found is not None or process.poll() is not None, "no server, though the run goes on"
        if found is not None:
            os.kill(found.pid, signal.SIGKILL)
        process.kill()
        process.communicate()
    return max(loads, 0)


def _loads(home: Path) -> int:
    """The loads that the embedded ledger of `home` has; -1 while there is none."""
    found = sharing.status(home)
    if found is None or not found.answering:
        return -1
    try:
        return int(_ask(found.url, "SELECT version FROM ledger"))
    except psycopg.Error:
        return -1


def _ingest_when_free(commands: Commands) -> Any:
    """The report of a run that has all sources: a killed one holds its claims until the server notices."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        code, out, err = commands.run("ingest", "--json")
        report = json.loads(out) if out else {"busy": err}
        if not report["busy"]:
            assert code == 0, f"exit code {code}: {out}{err}"
            return report
        assert time.monotonic() < deadline, f"still busy: {report}"


def _assert_equal(found: Digest, expected: Digest, trial: str) -> None:
    differing = [table for table in expected if found[table] != expected[table]]
    assert not differing, f"{trial}: other content in {', '.join(differing)}"


async def _digest(url: str) -> Digest:
    connection = await connect(url)
    try:
        return await digest(connection)
    finally:
        await connection.close()


def _ask(url: str, question: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def _version(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT version FROM ledger").fetchone()
    assert row is not None
    return int(row[0])
