"""Each command line of the script for Google Cloud, as the real command line's own parser sees it."""

import json
import shlex
import subprocess
from pathlib import Path

from tests.deploy.test_scripts import GCP, GCP_GIVEN, Recorded, run
from tests.deploy.tools import thorough, tool


def parsed(lines: list[str], folder: Path) -> dict[str, str | None]:
    """By command line, what gcloud's parser has against it."""
    listed = folder / "commands.json"
    listed.write_text(json.dumps([{"command_string": line} for line in lines]))
    done = subprocess.run(
        [tool("gcloud"), "meta", "lint-gcloud-commands", f"--commands-file={listed}"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "CLOUDSDK_CONFIG": str(folder / "settings")},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return {answer["command_string"]: answer["error_message"] for answer in json.loads(done.stdout)}


@thorough
def test_the_parser_of_gcloud_accepts_every_command(tmp_path: Path) -> None:
    lines = []
    for more in ([*GCP_GIVEN], [*GCP_GIVEN, "--runs", "service", "--private"], ["--destroy", *GCP_GIVEN[2:]]):
        done = run(GCP, *more, "--dry-run")
        lines += [shlex.join(shlex.split(line)) for line in done.stdout.splitlines()]
    recorded = Recorded(tmp_path)
    (tmp_path / "made").touch()
    for more in ([*GCP_GIVEN], ["--destroy", "--yes", *GCP_GIVEN[2:]]):
        lines += [shlex.join(["gcloud", *call]) for call in recorded.deploy(*more)]
    assert len(set(lines)) > 40
    found = parsed(sorted(set(lines)), tmp_path)
    assert {line: error for line, error in found.items() if error} == {}


@thorough
def test_the_parser_of_gcloud_would_have_told(tmp_path: Path) -> None:
    wrong = ["gcloud run deploy api --image=i --no-such-flag", "gcloud sql instances create x --edition=none"]
    assert all(parsed(wrong, tmp_path).values())
