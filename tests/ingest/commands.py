"""The `kasparro` program in processes of its own, against a simulated market that stands still."""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from kasparro.postgres.sharing import Server

PATIENCE_S = 60.0
_PROGRAM = [sys.executable, "-c", "from kasparro.cli import main; main()"]
_numbers = count()


def until(condition: Callable[[], object], *, pause: float = 0.002) -> None:
    """Wait for a condition; fail when it doesn't come."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(pause)


@contextmanager
def fresh_ledger(server: Server, template: str, *more: str) -> Iterator[str]:
    """The URL of an empty ledger; `more` goes behind CREATE DATABASE."""
    name = f"ledger_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(" ".join([f"CREATE DATABASE {name} TEMPLATE {template}", *more]).encode())
    try:
        yield urlunsplit(urlsplit(server.url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


class Commands:
    """Starts commands with a given environment, in a folder where no `.env` lies."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self._settings = {name: str(value) for name, value in settings.items()}

    def having(self, **settings: object) -> "Commands":
        """The same commands with other settings beside."""
        return Commands(self.folder, **(self._settings | settings))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command under way. It dies with the test only if the test ends it."""
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return subprocess.Popen(
            [*_PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=plain | {"KASPARRO_HOME": str(self.folder / "home"), "LOG_LEVEL": "ERROR"} | self._settings,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """A command's exit code, output and errors."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
            return process.returncode, out, err

    def json(self, *arguments: str) -> Any:
        """What a command that must succeed prints."""
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, f"exit code {code}: {err}"
        return json.loads(out)


@contextmanager
def simulated_market(folder: Path, *, coingecko: int, coinpaprika: int) -> Iterator[Commands]:
    """Commands that ingest from a sandbox whose clock stands still, and from a small file."""
    arguments = ["--port", "0", "--frozen-at", "2026-03-01T12:00:00", "--coingecko-plan", "unlimited",
                 "--coinpaprika-plan", "unlimited", "--coingecko-coins", str(coingecko),
                 "--coinpaprika-coins", str(coinpaprika)]  # fmt: skip
    folder.mkdir(exist_ok=True)
    with Commands(folder).start("sandbox", *arguments) as sandbox:
        try:
            assert sandbox.stdout is not None
            addresses = dict(re.findall(r"(\w+_BASE_URL)=(\S+)", _line_with("BASE_URL", sandbox)))
            yield Commands(
                folder,
                **addresses,
                COINGECKO_PLAN="pro",
                COINGECKO_API_KEY="a-key",
                COINGECKO_MAX_COINS=coingecko,
                ETL_RATE_LIMIT_REQUESTS=100_000,
                ETL_BATCH_SIZE=100,
                CSV_PATH=_small_file(folder),
            )
        finally:
            sandbox.kill()


def _line_with(word: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return line
    raise AssertionError(f"it ended without {word}")


def _small_file(folder: Path) -> Path:
    dice = random.Random(1)
    path = folder / "prices.csv"
    lines = ["id,symbol,name,price_usd,last_updated"]
    for day in range(1, 29):
        lines += [f"c{n},C{n},Coin {n},{dice.randrange(10**9) / 10**7},2026-01-{day:02}T00:00:00Z" for n in range(20)]
    path.write_text("\n".join(lines) + "\n")
    return path
