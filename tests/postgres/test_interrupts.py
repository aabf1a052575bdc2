"""Ctrl-C at the worst of moments: it is never lost, never taken for a bug, and leaves no server."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

import psycopg
import pytest

from kasparro.postgres import locks, pidfile, server, shared_server, status
from kasparro.postgres.locks import FileLock

LINES = 100


class Command(Protocol):
    process: subprocess.Popen[str]

    def joined(self) -> int: ...


@contextmanager
def ignored_here(number: int) -> Iterator[None]:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def interrupted_at(line: int) -> Iterator[None]:
    """Ctrl-C before the so-manieth line that is run in functions called in the block."""
    left = line

    def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


def test_a_command_of_these_tests_heeds_ctrl_c_also_where_pytest_runs_in_the_background(
    command: Callable[[], Command],
) -> None:
    with ignored_here(signal.SIGINT):
        starter = command()
    starter.joined()
    os.killpg(starter.process.pid, signal.SIGINT)
    starter.process.communicate()
    assert starter.process.returncode == -signal.SIGINT


def test_ctrl_c_on_any_line_of_a_wait_is_nothing_else(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PAUSE_S", 0.0)
    with FileLock(place / "gate", os.geteuid()):
        for line in range(LINES):
            with (
                pytest.raises(KeyboardInterrupt),
                interrupted_at(line),
                FileLock(place / "gate", os.geteuid()),
            ):
                pass


def test_ctrl_c_in_the_destructor_of_a_connection_is_not_lost(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared_server(home) as joined:
        found = pidfile.living(joined.data_dir)
        assert found is not None
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(psycopg.Connection, "__del__", lambda _: signal.raise_signal(signal.SIGINT), raising=False)
            server.answers(found, joined.data_dir)


def test_ctrl_c_as_the_gate_closes_leaves_it_open_and_no_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[FileLock] = []

    def interrupted_once(
        lock: FileLock,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if not came:
            came.append(lock)
            raise KeyboardInterrupt
        lock.close()

    monkeypatch.setattr(FileLock, "__exit__", interrupted_once)
    monkeypatch.setattr(locks, "PATIENCE_S", 5.0)
    with pytest.raises(KeyboardInterrupt), shared_server(home):
        pass
    assert status(home) is None
