"""The program as a user starts it: a process with an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

SMALL = """id,symbol,name,price_usd,market_cap_usd,last_updated
bitcoin,BTC,Bitcoin,70000.123456789012345678,1400000000000,2026-01-02T03:04:05Z
pepe,PEPE,Pepe,1e-18,,2026-01-02T03:04:05Z
broken,BRK,Broken,twelve,,2026-01-02T03:04:05Z
"""


@pytest.fixture
def small_csv(tmp_path: Path) -> Path:
    """A file with two good rows and a bad one."""
    path = tmp_path / "small.csv"
    path.write_text(SMALL)
    return path


@pytest.fixture
def kasparro(url: str, small_csv: Path, tmp_path: Path) -> Run:
    """Run `kasparro ARGUMENTS` on a fresh ledger, with nothing but a small file to ingest.

    Keyword arguments are further environment variables; None takes one away.
    """

    def run(*arguments: str, **variables: str | None) -> subprocess.CompletedProcess[str]:
        environment: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url,
            "KASPARRO_HOME": str(tmp_path / "home"),
            "ETL_SOURCES": "csv",
            "CSV_PATH": str(small_csv),
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "kasparro", *arguments],
            env={name: value for name, value in environment.items() if value is not None},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
