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
from bench.csv_file import write_csv
from bench.figure import Figure, at_least, below, told
from bench.ledgers import EMPTY, Ledgers
from bench.reference import Reference, all_rows
from bench.rounds import ratio, take_turns, typical
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from kasparro.sources.csv.source import CsvSource

NAME = "csv"
_ROWS = 100_000


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Speed against `\\copy`, and the memory that a large file takes."""
    folder.mkdir()
    return [*_compared(ledgers, folder), *_large(ledgers, folder)]


def _compared(ledgers: Ledgers, folder: Path) -> list[Figure]:
    file = folder / "quotes.csv"
    write_csv(file, rows=_ROWS)
    reference = Reference(ledgers, folder / "rows")
    with ledgers.fresh() as name:
        _load(ledgers, name, file)
        reference.export(name, all_rows())

    def ours() -> dict[str, float]:
        with ledgers.fresh() as name:
            ledgers.checkpoint()
            return {"csv": _load(ledgers, name, file)}

    def copy() -> dict[str, float]:
        with ledgers.fresh(EMPTY) as name:
            return {"copy": reference.copy(name)}

    measured = take_turns([ours, copy], rounds=4)
    speed = f"{_ROWS / typical(measured, 'csv'):,.0f} rows/s"
    return [
        at_least(NAME, f"file to ledger, {_ROWS:,} rows", ratio(measured, "csv", "copy"), 0.4, "x \\copy", speed),
        told(NAME, "\\copy itself of these rows", _ROWS / typical(measured, "copy"), "rows/s"),
    ]


def _load(ledgers: Ledgers, name: str, file: Path) -> float:
    began = time.perf_counter()
    report = asyncio.run(run_ingest(ledgers.url(name), [CsvSource(str(file))], progress=Quiet()))
    seconds = time.perf_counter() - began
    assert report.steps[0].counts.new == _ROWS, report
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
