"""Schemathesis finds nothing: every answer is as described, good requests are taken, bad ones refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from kasparro.postgres.sharing import Server
from tests.api.serving import served
from tests.api.small import KEY, small_ledger

PHASES = "examples,coverage,fuzzing,stateful"
EXAMPLES = 10
"""Per operation, in the fuzzing and the stateful phase; the coverage phase has a number of its own."""


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without a key"])
def test_the_api_is_as_described(server: Server, template: str, tmp_path: Path, with_key: bool) -> None:
    (tmp_path / "schemathesis.toml").touch()  # the default configuration, whatever lies in the folders above
    with (
        small_ledger(server, template, tmp_path / "files") as url,
        served(tmp_path, url, workers=1, API_ADMIN_KEY=KEY) as address,
    ):
        tested = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run", f"{address}/openapi.json", "--checks", "all",
                "--phases", PHASES, "--max-examples", str(EXAMPLES), "--generation-deterministic", "--no-color",
                "--seed", "1",
                *(["--header", f"Authorization: Bearer {KEY}"] if with_key else []),
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "Tested: 24" in tested.stdout
