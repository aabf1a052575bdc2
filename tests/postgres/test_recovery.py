"""Killed anywhere, it comes back by itself; where it can't, it says why."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from kasparro.errors import ExitCode, Fatal
from kasparro.postgres import pidfile, shared_server, status
from kasparro.postgres.errors import DiskFull, ServerError, StartFailed, WrongVersion


class Command(Protocol):
    process: subprocess.Popen[str]

    def joined(self) -> int: ...
    def leave(self) -> int: ...
    def kill(self) -> None: ...


Until = Callable[[Callable[[], object]], None]


def kill_all(data_dir: Path, until: Until) -> None:
    pids = pidfile.orphans(data_dir)
    assert len(pids) > 3
    for pid in pids:
        with suppress(ProcessLookupError):  # a worker of the server may end by itself in between
            os.kill(pid, signal.SIGKILL)
    until(lambda: pidfile.holder(pids[0], data_dir) is pidfile.Holder.NOBODY and not pidfile.orphans(data_dir))


def crash(home: Path, until: Until) -> Path:
    """A home with one row, whose server and all of its processes were killed."""
    with shared_server(home) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        kill_all(server.data_dir, until)
    assert (server.data_dir / pidfile.NAME).exists()
    return server.data_dir


def kept(home: Path) -> object:
    with shared_server(home) as server, psycopg.connect(server.url) as connection:
        return connection.execute("SELECT n FROM kept").fetchone()


@contextmanager
def stranger(uid: int) -> Iterator[int]:
    """The process id of a living program of the server's account that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "600"], user=uid, cwd="/")
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_it_recovers_after_all_of_it_was_killed(home: Path, until: Until) -> None:
    crash(home, until)
    assert status(home) is None
    assert kept(home) == (7,)


def test_a_pid_file_that_names_a_stranger_is_stale(home: Path, until: Until) -> None:
    data = crash(home, until)
    lines = (data / pidfile.NAME).read_text().split("\n")
    socket_lock = home / "postgres" / "run" / ".s.PGSQL.5432.lock"
    assert socket_lock.read_text().split("\n")[0] == lines[0]
    with stranger(data.stat().st_uid) as pid:
        for path in (data / pidfile.NAME, socket_lock):
            path.write_text("\n".join([str(pid), *lines[1:]]))
        assert status(home) is None
        assert kept(home) == (7,)


def test_a_pid_file_that_names_another_server_is_stale(home: Path, place: Path, until: Until) -> None:
    data = crash(home, until)
    lines = (data / pidfile.NAME).read_text().split("\n")
    with shared_server(place / "other") as other:
        (data / pidfile.NAME).write_text("\n".join([str(other.pid), *lines[1:]]))
        assert kept(home) == (7,)
        psycopg.connect(other.url).close()


def test_an_empty_pid_file_of_a_power_cut_is_stale(home: Path, until: Until) -> None:
    data = crash(home, until)
    (data / pidfile.NAME).write_text("")
    long_ago = time.time() - 60
    os.utime(data / pidfile.NAME, (long_ago, long_ago))
    assert kept(home) == (7,)


def test_a_new_server_waits_for_the_backends_of_a_killed_one(
    home: Path, until: Until, command: Callable[[], Command]
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(shared_server(home))
        with psycopg.connect(server.url) as connection:
            backend = connection.info.backend_pid
            os.kill(backend, signal.SIGSTOP)
            stack.callback(_continue, backend)
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: pidfile.orphans(server.data_dir) == [backend])
            joiner = command()
            until(lambda: "pre-existing shared memory block" in server.log_file.read_text())
            os.kill(backend, signal.SIGCONT)
            assert joiner.joined() != server.pid
            assert joiner.leave() == 0


def _continue(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def test_a_kill_in_the_middle_of_initdb_leaves_nothing_half_made(
    home: Path, until: Until, command: Callable[[], Command]
) -> None:
    postgres = home / "postgres"
    starter = command()
    until(lambda: list(postgres.glob("data.unfinished-*/global")))
    os.killpg(starter.process.pid, signal.SIGKILL)
    starter.kill()
    assert not (postgres / "data").exists()
    with shared_server(home) as server:
        psycopg.connect(server.url).close()
    assert list(postgres.glob("data.unfinished-*")) == []


def test_ctrl_c_while_it_starts_leaves_no_server(home: Path, until: Until, command: Callable[[], Command]) -> None:
    log = home / "postgres" / "postgres.log"
    starter = command()
    until(log.exists)
    os.killpg(starter.process.pid, signal.SIGINT)
    starter.process.communicate()
    assert starter.process.returncode == -signal.SIGINT
    assert status(home) is None
    assert pidfile.orphans(home / "postgres" / "data") == []


def test_data_of_another_major_version_is_named(home: Path) -> None:
    with shared_server(home) as server:
        data = server.data_dir
    (data / "PG_VERSION").write_text("14\n")
    with (
        pytest.raises(WrongVersion, match=r"made by PostgreSQL 14, and PostgreSQL 1\d") as caught,
        shared_server(home),
    ):
        pass
    assert caught.value.exit_code is ExitCode.DATABASE
    assert status(home) is None


def test_why_it_gave_up_is_in_the_message(home: Path) -> None:
    with shared_server(home) as server:
        data = server.data_dir
    with (data / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = nonsense\n")
    with pytest.raises(StartFailed) as caught, shared_server(home):
        pass
    assert "configuration file" in caught.value.message and "\n" not in caught.value.message
    assert str(server.log_file) in caught.value.remedy


def test_a_folder_of_something_else_is_left_alone(home: Path) -> None:
    precious = home / "postgres" / "data" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    os.chown(precious.parent, 65534 if os.geteuid() == 0 else -1, -1)
    precious.write_text("mine")
    with pytest.raises(ServerError, match="not a PostgreSQL data directory"), shared_server(home):
        pass
    assert precious.read_text() == "mine"


def test_a_full_disk_is_named(place: Path) -> None:
    small = place / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", small], capture_output=True, check=False
    ).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        with pytest.raises(DiskFull) as caught, shared_server(small / "home"):
            pass
        assert caught.value.exit_code is ExitCode.DISK
        assert isinstance(caught.value, Fatal)
        assert list((small / "home" / "postgres").glob("data*")) == []
    finally:
        subprocess.run(["umount", small], check=True)
