"""`kasparro key`: shown once, listed without its secret, revoked."""

import json

import pytest

from kasparro.errors import ExitCode
from tests.cli.conftest import Run


def test_a_key_is_shown_once_listed_and_revoked(kasparro: Run) -> None:
    made = kasparro("key", "create", "--name", "deploy [bold]", "--scope", "run", "--expires", "90d")
    assert made.returncode == ExitCode.OK, made.stderr
    [key] = made.stdout.split()
    key_id, secret = key.split("_", 2)[1:]
    assert secret not in made.stderr
    listed = kasparro("key", "list")
    assert key_id in listed.stdout
    assert "deploy [bold]" in listed.stdout
    [row] = json.loads(kasparro("key", "list", "--json").stdout)
    assert (row["key_id"], row["scope"], row["state"], row["name"]) == (key_id, "run", "usable", "deploy [bold]")
    assert row["expires_at"] > row["created_at"]
    assert secret not in listed.stdout + json.dumps(row)
    assert kasparro("key", "revoke", key_id).returncode == ExitCode.OK
    assert json.loads(kasparro("key", "list", "--json").stdout)[0]["state"] == "revoked"


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--name", "x", "--scope", "root"),
        ("create", "--name", " ", "--scope", "run"),
        ("create", "--name", "x", "--scope", "run", "--expires", "soon"),
        ("create", "--name", "x", "--scope", "run", "--expires", "0d"),
        ("revoke", "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_and_makes_no_key(kasparro: Run, arguments: tuple[str, ...]) -> None:
    done = kasparro("key", *arguments)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(kasparro("key", "list", "--json").stdout) == []
