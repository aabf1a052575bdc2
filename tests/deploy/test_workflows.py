"""The workflows: valid, careful with rights, and the hourly run's own steps against an API that answers as told."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.tools import PROJECT, thorough, tool

FOLDER = PROJECT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
KEY = "a-key-of-scope-run-for-tests"


def workflow(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rights_are_minimal_and_jobs_end(path: Path) -> None:
    found = workflow(path)
    assert found["permissions"] in ({}, {"contents": "read"})
    for job in found["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert set(job.get("permissions", {}).items()) <= {("contents", "read"), ("packages", "write")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    for line in re.findall(r"uses: (.*)", path.read_text()):
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_the_versions_of_python_are_tested() -> None:
    job = workflow(FOLDER / "ci.yml")["jobs"]["check"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_the_targets_that_workflows_call_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    called = {name for path in FILES for name in re.findall(r"run: make ([a-z-]+)", path.read_text())}
    assert {"lint", "test", "coverage", "deploy-check"} <= called <= targets


@thorough
def test_the_schema_of_workflows_accepts_them() -> None:
    done = subprocess.run(
        [tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *map(str, FILES)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@thorough
@pytest.mark.parametrize(
    "command", [["actionlint"], ["zizmor", "--offline", "--quiet"]], ids=lambda command: command[0]
)
def test_linters_of_workflows_find_nothing(command: list[str]) -> None:
    program, *options = command
    done = subprocess.run(
        [tool(program), *options, *map(str, FILES)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Api:
    """Answers as Kasparro's API would: `answers` are what it says to a path, one after the other, the last for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, Any], str]]] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                api.asked.append((self.command, self.path, headers, body))
                waiting = api.answers[self.path]
                status, answer, location = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                if location:
                    self.send_header("location", location)
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, path: str, status: int, answer: dict[str, Any], location: str = "") -> None:
        self.answers.setdefault(path, []).append((status, answer, location))


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.server.shutdown()
    made.server.server_close()


def step(number: int, folder: Path, url: str, **more: str) -> tuple[int, str, str]:
    """The exit code, output and summary of a step of the hourly workflow, run as the runner does."""
    for needed in ("curl", "jq"):
        tool(needed)
    script = workflow(FOLDER / "etl-cron.yml")["jobs"]["run"]["steps"][number]["run"]
    summary = folder / "summary"
    environment = {
        "PATH": os.environ["PATH"], "URL": url, "KEY": KEY, "SOURCES": "",
        "PATIENCE_SECONDS": "5", "PAUSE_SECONDS": "0.05",
        "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=folder, env=environment | more,
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout, summary.read_text() if summary.exists() else ""


def a_run(status: str, error: str | None = None) -> dict[str, Any]:
    counts = {"seen": 2000, "new": 1990, "unchanged": 10, "rejected": 0}
    return {
        "run_id": 3,
        "status": status,
        "steps": [{"source": "coingecko", "status": status, "error": error, **counts}],
    }


def test_an_api_that_is_not_healthy_fails_the_hour(tmp_path: Path, api: Api) -> None:
    api.says("/health", 200, {"status": "healthy"})
    assert step(0, tmp_path, api.url)[0] == 0
    code, said, _ = step(0, tmp_path, api.url, KEY="")
    assert (code, said) == (1, "::error::the secret KASPARRO_KEY is not set\n")


def test_a_run_is_asked_for_waited_for_and_told_of(tmp_path: Path, api: Api) -> None:
    api.says("/etl/run", 202, {"run_id": 3}, "/runs/3")
    for status in ("queued", "running", "success"):
        api.says("/runs/3", 200, a_run(status))
    code, said, summary = step(1, tmp_path, api.url + "/", SOURCES="coingecko, csv")
    assert code == 0, said
    assert "### Run 3: success" in summary
    assert "| coingecko | success | 2000 | 1990 | 10 | 0 |  |" in summary
    assert KEY not in said + summary
    method, _, headers, body = api.asked[0]
    assert (method, headers["authorization"], headers["idempotency-key"]) == ("POST", f"Bearer {KEY}", "github-7-1")
    assert json.loads(body) == {"sources": ["coingecko", "csv"]}


def test_a_run_that_is_under_way_is_waited_for(tmp_path: Path, api: Api) -> None:
    api.says("/etl/run", 409, {"detail": "Run 3 is running"}, "/runs/3")
    api.says("/runs/3", 200, a_run("success"))
    code, said, summary = step(1, tmp_path, api.url)
    assert code == 0, said
    assert "under way already" in said
    assert "### Run 3: success" in summary


@pytest.mark.parametrize("status", ["partial", "failed", "interrupted"])
def test_any_other_end_fails_the_hour_with_the_reason(tmp_path: Path, api: Api, status: str) -> None:
    api.says("/etl/run", 202, {"run_id": 3}, "/runs/3")
    api.says("/runs/3", 200, a_run(status, "no answer | within 15 s"))
    code, said, summary = step(1, tmp_path, api.url)
    assert code == 1
    assert f"::error::run 3 ended as {status}" in said
    assert "no answer   within 15 s" in summary


def test_a_refusal_a_missing_worker_and_an_api_that_is_away_fail_the_hour(tmp_path: Path, api: Api) -> None:
    api.says("/etl/run", 403, {"detail": "The key's scope is too small"})
    code, said, _ = step(1, tmp_path, api.url)
    assert (code, said) == (1, "::error::the run was refused: 403 The key's scope is too small\n")

    api.answers.clear()
    api.says("/etl/run", 202, {"run_id": 3}, "/runs/3")
    api.says("/runs/3", 200, a_run("queued"))
    code, said, _ = step(1, tmp_path, api.url, PATIENCE_SECONDS="0")
    assert code == 1
    assert "is still queued after 0 s; is there a worker?" in said

    api.answers["/runs/3"] = [(404, {}, "")]
    code, said, _ = step(1, tmp_path, api.url, PAUSE_SECONDS="0")
    assert code == 1
    assert "can't be looked at any more" in said
