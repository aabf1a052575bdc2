"""`kasparro serve` as processes: nothing of it outlives it, and it takes nobody's port."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from kasparro.api import system
from kasparro.api.metrics_folder import metrics_folder
from kasparro.cli.up.port import free_port
from kasparro.errors import ExitCode
from tests.api.serving import served
from tests.ingest.commands import PATIENCE_S, Commands, until


def _server_at(port: int) -> tuple[int, list[int]]:
    """The process that serves at `port` (by its environment), and its children."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            children = (process / "task" / process.name / "children").read_text().split()
        except OSError:
            continue
        if f"API_PORT={port}".encode() in environment and children:
            return int(process.name), [int(child) for child in children]
    raise AssertionError("nobody serves there")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells a process that its parent died")
def test_workers_die_with_their_server_and_the_next_one_clears_up(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, workers=2) as address:
        port = urlsplit(address).port
        assert port is not None
        server, workers = _server_at(port)
        [folder] = (tmp_path / "home" / "metrics").iterdir()
        assert list(folder.glob("*.db")), "the workers count there"
        os.kill(server, signal.SIGKILL)
        until(lambda: not any(_lives(worker) for worker in workers))
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{address}/livez")
        assert folder.exists()
        with served(tmp_path, url, workers=1) as again:
            assert httpx2.get(f"{again}/livez").status_code == 200
            assert not folder.exists() and len(list((tmp_path / "home" / "metrics").iterdir())) == 1
        assert list((tmp_path / "home" / "metrics").iterdir()) == []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_port_that_another_serves_is_not_shared(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, workers=1) as address:
        port = urlsplit(address).port
        with Commands(tmp_path, DATABASE_URL=url, API_PORT=port).start("serve") as second:
            try:
                _, errors = second.communicate(timeout=PATIENCE_S)
            finally:
                second.kill()
        assert second.returncode == ExitCode.SETTING
        assert f"port {port} is in use by process" in errors and "API_PORT" in errors


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that can't start."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "it is broken"})


def broken_app() -> ASGIApp:
    """Makes it."""
    return broken


def test_workers_that_cannot_start_are_told_and_not_tried_for_ever(url: str, tmp_path: Path) -> None:
    program = (
        "from kasparro.api.server import NotServing, run_server\n"
        "from kasparro.config import load_settings\n"
        "from tests.api.test_server import broken_app\n"
        "try:\n"
        "    run_server(load_settings(), broken_app, 'uvicorn.protocols.http.httptools_impl:HttpToolsProtocol')\n"
        "except NotServing as error:\n"
        "    raise SystemExit(error.exit_code)\n"
    )
    environment = os.environ | {"DATABASE_URL": url, "API_PORT": str(free_port()), "KASPARRO_HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=Path(__file__).parents[2], timeout=PATIENCE_S, check=False
    )
    assert told.returncode == ExitCode.FAILED


def test_two_servers_of_one_home_leave_each_other_s_counts_alone(tmp_path: Path) -> None:
    with metrics_folder(tmp_path) as first:
        (first / "counter_1.db").touch()
        with metrics_folder(tmp_path) as second:
            assert first.exists() and second.exists() and first != second
        assert (first / "counter_1.db").exists() and not second.exists()
    assert not first.exists()


def test_a_folder_that_is_somebody_else_s_is_not_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()
    (home / "metrics").symlink_to(elsewhere)
    with metrics_folder(home) as folder:
        assert folder.is_dir() and elsewhere not in folder.parents and home not in folder.parents
    assert (elsewhere / "precious").is_dir() and not folder.exists()


def test_a_folder_under_lock_is_not_a_leftover(tmp_path: Path) -> None:
    for name in ("held", "left"):
        (tmp_path / "metrics" / name).mkdir(parents=True)
    held = os.open(tmp_path / "metrics" / "held", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with metrics_folder(tmp_path):
        assert (tmp_path / "metrics" / "held").exists() and not (tmp_path / "metrics" / "left").exists()
    os.close(held)


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(system, "__file__", str(tmp_path / "src" / "kasparro" / "api" / "system.py"))
    monkeypatch.delenv("KASPARRO_COMMIT", raising=False)
    monkeypatch.setenv("PATH", "")
    assert system.commit() is None
