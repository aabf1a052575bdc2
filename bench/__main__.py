"""`python -m bench`: run the benchmarks, print one table, and fail when a target is missed."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import api_load, backup, csv_load, dlt_peer, identity, ledger_load, parse, whole_run
from bench.figure import Figure
from bench.ledgers import Ledgers, running_ledgers, scratch
from bench.table import as_json, render
from kasparro.observability.logs import configure_logs

BENCHES: dict[str, Callable[[Ledgers, Path], list[Figure]]] = {
    bench.NAME: bench.measure
    for bench in (parse, ledger_load, csv_load, whole_run, identity, backup, api_load, dlt_peer)
}


def main() -> int:
    """Run what is asked for; 1 when a target is missed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHES, help="run only this one; may be repeated")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--no-gate", action="store_true", help="exit 0 also when a target is missed")
    asked = parser.parse_args()
    _forget_settings()
    configure_logs(level="ERROR", as_json=False)
    figures = _measure([name for name in BENCHES if not asked.only or name in asked.only])
    print(as_json(figures) if asked.json else render(figures))
    missed = [figure for figure in figures if figure.met is False]
    return 1 if missed and not asked.no_gate else 0


def _measure(names: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    with scratch() as folder, running_ledgers(folder) as ledgers:
        for name in names:
            began = time.monotonic()
            print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
            figures += BENCHES[name](ledgers, folder / name.replace(" ", "-"))
            print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return figures


def _forget_settings() -> None:
    """Keep what the person has set for their own ledger from reaching the measurements."""
    prefixes = ("KASPARRO_", "COINGECKO_", "COINPAPRIKA_", "ETL_", "CSV_", "LOG_", "API_")
    for name in list(os.environ):
        if name in ("DATABASE_URL", "BATCH_SIZE") or (name.startswith(prefixes) and "_BENCH_" not in name):
            del os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
