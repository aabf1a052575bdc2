"""CSV to ledger: a whole run over a file, against `\\copy` of the rows that it brings.

Ours runs from the file to the last commit: recognise the layout, cut chunks, check every cell, keep the chunks'
bytes, judge, append. `\\copy` gets the finished rows of `listings`, `quotes` and `latest_quotes` (see
`reference`). The large file is read by a process of its own, of which time and peak memory are taken; its size
is KASPARRO_BENCH_CSV_MB (100).
"""

import asyncio
import os
import time
from pathlib import Path

from bench.command import ingest, total
from bench.csv_file import COINS, write_csv
from bench.figure import Figure, at_least, below, told
from bench.ledgers import EMPTY, Ledgers
from bench.reference import Reference, all_rows
from bench.rounds import ratio, take_turns, typical
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from kasparro.sources.csv.source import CsvSource

NAME = "csv"
_COINS = 20_000
_HISTORY = 100_000


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Speed against `\\copy`, and the memory that a large file takes."""
    folder.mkdir()
    ratio_of_coins, rates = _compared(ledgers, folder / "coins", rows=_COINS, coins=_COINS)
    ratio_of_history, rates_of_history = _compared(ledgers, folder / "history", rows=_HISTORY, coins=COINS)
    return [
        # The same shape of rows as in `ledger_load`: each moves a latest quote.
        at_least(NAME, f"file to ledger, {_COINS:,} coins once", ratio_of_coins, 0.4, "x \\copy", rates),
        # Here `\\copy` writes hardly any latest quote, while ours judges every row just the same.
        told(
            NAME, f"file to ledger, {_HISTORY:,} rows of {COINS} coins", ratio_of_history, "x \\copy", rates_of_history
        ),
        *_large(ledgers, folder),
    ]


def _compared(ledgers: Ledgers, folder: Path, *, rows: int, coins: int) -> tuple[float, str]:
    """Our speed as a part of `\\copy`'s, and both in rows a second."""
    folder.mkdir()
    file = folder / "quotes.csv"
    write_csv(file, rows=rows, coins=coins)
    reference = Reference(ledgers, folder / "rows")
    with ledgers.fresh() as name:
        _load(ledgers, name, file, rows)
        reference.export(name, all_rows())

    def ours() -> dict[str, float]:
        with ledgers.fresh() as name:
            ledgers.checkpoint()
            return {"csv": _load(ledgers, name, file, rows)}

    def copy() -> dict[str, float]:
        with ledgers.fresh(EMPTY) as name:
            return {"copy": reference.copy(name)}

    measured = take_turns([ours, copy], rounds=4)
    speeds = [f"{rows / typical(measured, name):,.0f}" for name in ("csv", "copy")]
    return ratio(measured, "csv", "copy"), f"{speeds[0]} against {speeds[1]} rows/s"


def _load(ledgers: Ledgers, name: str, file: Path, rows: int) -> float:
    began = time.perf_counter()
    report = asyncio.run(run_ingest(ledgers.url(name), [CsvSource(str(file))], progress=Quiet()))
    seconds = time.perf_counter() - began
    assert report.steps[0].counts.new == rows, report
    return seconds


def _large(ledgers: Ledgers, folder: Path) -> list[Figure]:
    megabytes = int(os.environ.get("KASPARRO_BENCH_CSV_MB", "100"))
    file = folder / "large.csv"
    rows = write_csv(file, megabytes=megabytes)
    with ledgers.fresh() as name:
        settings = {"DATABASE_URL": ledgers.url(name), "ETL_SOURCES": "csv", "CSV_PATH": str(file)}
        report, cost = ingest(folder, settings)
    assert total(report, "new") == rows, report
    what = f"a file of {megabytes} MB"
    return [
        below(NAME, f"{what}: peak memory", cost.peak_mb, 150, "MB", f"{rows:,} rows"),
        told(NAME, f"{what}: speed after start-up", rows / cost.wall, "rows/s", f"{cost.wall:.1f} s"),
    ]
