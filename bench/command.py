"""Commands: `kasparro ingest` as a process of its own, with its report and its cost."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench.one_run import Cost


def ingest(folder: Path, settings: Mapping[str, str]) -> tuple[dict[str, Any], Cost]:
    """The JSON report of a run under `settings` (environment variables), which must succeed, and its cost."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "cost.json"
    environment = {**os.environ, "KASPARRO_HOME": str(folder / "home"), "LOG_LEVEL": "WARNING", **settings}
    ran = subprocess.run(
        [sys.executable, "-m", "bench.one_run", str(file), "ingest", "--json"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        raise RuntimeError(f"the run failed with {ran.returncode}: {ran.stderr[-2000:]} {ran.stdout[-2000:]}")
    return msgspec.json.decode(ran.stdout), msgspec.json.decode(file.read_bytes(), type=Cost)


def total(report: Mapping[str, Any], count: str) -> int:
    """A counter of a report, summed over its steps."""
    return sum(step[count] for step in report["steps"])
