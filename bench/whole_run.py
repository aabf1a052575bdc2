"""Whole runs: `kasparro ingest` of 20,000 coins from the sandbox, then of 810 records, as processes of their own.

CoinGecko lists 18,000 coins on 72 pages and CoinPaprika 2,000; the market's clock stands still, so a second run
finds the same quotes. The sandbox and PostgreSQL run beside, their CPU time is not counted. A run also brings
the coin lists and contract addresses that are due.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.command import ingest, total
from bench.csv_file import write_csv
from bench.figure import Figure, at_most, below, told
from bench.ledgers import Ledgers

NAME = "whole run"
_ADDRESS = re.compile(r"(\w+_BASE_URL)=(\S+)")
_LARGE = (18_000, 2_000)
_SMALL = (500, 300)
_CSV_ROWS = 10


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """CPU, memory and wall time of whole runs, and what a second one writes."""
    return [*_large(ledgers, folder / "large"), *_small(ledgers, folder / "small")]


def _large(ledgers: Ledgers, folder: Path) -> list[Figure]:
    with ledgers.fresh() as name, _sandbox(*_LARGE) as addresses:
        settings = {
            **addresses,
            **_database(ledgers, name),
            "ETL_SOURCES": "coingecko,coinpaprika",
            "COINGECKO_MAX_COINS": "18000",
        }
        first, cost = ingest(folder, settings)
        again, cost_again = ingest(folder, settings)
    quotes = next(step["new"] for step in first["steps"] if step["source"] == "coingecko")
    note = f"{total(first, 'seen'):,} records in {total(first, 'requests')} requests, coin lists included"
    assert quotes >= 18_000, first
    found = f"{total(again, 'seen'):,} seen"
    return [
        below(NAME, "20,000 coins: own CPU time, start-up included", cost.cpu, 3.0, "s", note),
        told(NAME, "20,000 coins: wall time after start-up", cost.wall, "s"),
        below(NAME, "20,000 coins: peak memory", cost.peak_mb, 200, "MB"),
        at_most(NAME, "second identical run: new records", total(again, "new"), 0, "", found),
        below(NAME, "second identical run: own CPU time", cost_again.cpu, 3.0, "s"),
    ]


def _small(ledgers: Ledgers, folder: Path) -> list[Figure]:
    walls = []
    folder.mkdir(parents=True)
    file = folder / "small.csv"
    write_csv(file, rows=_CSV_ROWS)
    with _sandbox(*_SMALL) as addresses:
        for _ in range(5):
            with ledgers.fresh() as name:
                settings = {**addresses, **_database(ledgers, name), "CSV_PATH": str(file)}
                report, cost = ingest(folder, settings)
                walls.append(cost.wall)
    note = f"{total(report, 'seen'):,} seen, coin lists included"
    return [below(NAME, "810 quotes of three sources: wall time after start-up, best of 5", min(walls), 0.5, "s", note)]


def _database(ledgers: Ledgers, name: str) -> dict[str, str]:
    return {"DATABASE_URL": ledgers.url(name)}


@contextmanager
def _sandbox(coingecko: int, coinpaprika: int) -> Iterator[dict[str, str]]:
    """A sandbox without latency and limits whose clock stands still; the settings that lead to it."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    arguments = ["--port", "0", "--frozen-at", now, "--coingecko-coins", str(coingecko)]
    arguments += ["--coinpaprika-coins", str(coinpaprika)]
    arguments += ["--coingecko-plan", "unlimited", "--coinpaprika-plan", "unlimited"]
    program = [sys.executable, "-c", "from kasparro.cli.main import main; main()", "sandbox", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            addresses = dict(_ADDRESS.findall(next(line for line in sandbox.stdout if "export" in line)))
            yield {
                **addresses,
                "COINGECKO_API_KEY": "bench",
                "COINGECKO_PLAN": "pro",
                "ETL_RATE_LIMIT_REQUESTS": "100000",
            }
        finally:
            sandbox.terminate()
