"""A ledger that is kept and served by processes of its own, on a free port; all ended after the test."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasparro.cli.up.port import free_port
from tests.ingest.commands import until

PATIENCE_S = 120.0


class House:
    """Commands with one home and one port, with the embedded server."""

    def __init__(self, folder: Path, small_csv: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.port = free_port()
        self._small_csv = small_csv

    def environment(self, **variables: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "KASPARRO_HOME": str(self.home),
            "API_PORT": str(self.port),
            "ETL_SOURCES": "csv",
            "CSV_PATH": str(self._small_csv),
            "ETL_SCHEDULE": "0 0 1 1 *",
            **variables,
        }

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "kasparro", *arguments], env=self.environment(**variables), cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **variables) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def status_of(self, path: str) -> int:
        """The status of an answer; 0 when there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def until_healthy(self) -> None:
        until(lambda: self.status_of("/health") == 200)

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("runs", "--json").stdout)
        return found

    def children(self, command: str) -> list[int]:
        """The processes that run `kasparro COMMAND` with this home."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            mine = any(word.startswith(f"KASPARRO_HOME={self.home}".encode()) for word in environment)
            if mine and b"kasparro" in words and command.encode() in words:
                found.append(int(process.name))
        return found


@pytest.fixture
def house(tmp_path: Path, small_csv: Path) -> Iterator[House]:
    """Commands with a fresh home; what they started is ended."""
    made = House(tmp_path, small_csv)
    yield made
    for option in ([], ["--demo"]):
        done = made.run("down", *option)
        assert done.returncode == 0, done.stderr
