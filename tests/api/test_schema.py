"""Schemathesis finds nothing: every answer is as described, good requests are taken, bad ones refused."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kasparro.postgres.sharing import Server
from tests.api.serving import served
from tests.api.small import KEY, small_ledger
from tests.ingest.commands import simulated_market

EXAMPLES = 10
"""Per operation, in the fuzzing and the stateful phase; the coverage phase has a number of its own."""


@contextmanager
def working(folder: Path, url: str) -> Iterator[None]:
    """A worker, so that the runs asked for don't wait for ever, and all sources to take them from."""
    with (
        simulated_market(folder, coingecko=5, coinpaprika=5) as commands,
        commands.having(DATABASE_URL=url, ETL_SCHEDULE="off").start("worker") as worker,
    ):
        try:
            yield
        finally:
            worker.terminate()
            worker.communicate(timeout=30)


def said_of(address: str, folder: Path, *more: str) -> str:
    """What schemathesis says after all its checks, in the default configuration; it must have found nothing."""
    (folder / "schemathesis.toml").touch()  # else one in the folders above would count
    program = Path(sys.executable).with_name("schemathesis")
    arguments = ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--no-color",
                 "--max-examples", str(EXAMPLES), "--generation-deterministic", "--seed", "1"]  # fmt: skip
    done = subprocess.run(
        [program, "run", f"{address}/openapi.json", *arguments, *more],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Selected: (\d+)/\1\n.*Tested: \1\n", done.stdout), done.stdout
    return done.stdout


def test_with_a_key_while_a_worker_works(server: Server, template: str, tmp_path: Path) -> None:
    with (
        small_ledger(server, template, tmp_path / "files") as url,
        working(tmp_path / "market", url),
        served(tmp_path, url, workers=1, API_ADMIN_KEY=KEY) as address,
    ):
        said = said_of(address, tmp_path, "--header", f"Authorization: Bearer {KEY}")
    assert "Authentication failed" not in said


def test_without_a_key(server: Server, template: str, tmp_path: Path) -> None:
    with (
        small_ledger(server, template, tmp_path / "files") as url,
        served(tmp_path, url, workers=1, API_ADMIN_KEY=KEY) as address,
    ):
        said = said_of(address, tmp_path)
    assert "Authentication failed: 1 operation" in said
