"""One server for all commands with the same home."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from kasparro.postgres import pidfile, shared_server, status, stop


class Command(Protocol):
    process: subprocess.Popen[str]

    def joined(self) -> int: ...
    def leave(self) -> int: ...
    def kill(self) -> None: ...


Start = Callable[[], Command]


def ask(url: str, question: str = "SELECT 1") -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has reaped doesn't."""
    return pidfile.holder(pid, Path("/")) is not pidfile.Holder.NOBODY


def test_it_answers_inside_the_block_and_is_gone_after_it(place: Path, home: Path) -> None:
    with shared_server(home) as server:
        assert ask(server.url, "SELECT current_database() || '/' || current_user") == "kasparro/kasparro"
        said = subprocess.run(
            [server.bin_dir / "psql", server.url, "-Atc", "SELECT 6*7"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stdout == "42\n", said.stderr
    assert not alive(server.pid)
    assert status(home) is None
    assert sorted(path.name for path in place.iterdir()) == ["home"]
    assert sorted(path.name for path in home.iterdir()) == ["postgres"]
    assert list(server.socket_dir.iterdir()) == []


def test_it_is_safe_and_private_by_its_settings(home: Path) -> None:
    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "TimeZone": "UTC",
        "client_connection_check_interval": "200ms",
        "jit": "off",
        "server_encoding": "UTF8",
        "unix_socket_permissions": "0700",
    }
    with shared_server(home) as server, psycopg.connect(server.url) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [list(expected)]
        )
        assert dict(rows.fetchall()) == expected
        assert connection.execute(
            "SELECT lower('ÄÉ'), array_agg(c ORDER BY c) FROM unnest('{b,B,ä}'::text[]) c"
        ).fetchone() == ("äé", ["B", "b", "ä"])


def test_the_last_of_several_users_stops_it(home: Path) -> None:
    with shared_server(home) as first:
        with shared_server(home) as second:
            assert second.pid == first.pid
        assert ask(first.url) == 1
    assert not alive(first.pid)


def test_commands_share_it(home: Path, command: Start) -> None:
    other = command()
    pid = other.joined()
    with shared_server(home) as server:
        assert server.pid == pid
        assert other.leave() == 0
        assert ask(server.url) == 1
    assert not alive(pid)


def test_many_commands_come_and_go_without_a_race(home: Path) -> None:
    program = """
import sys
from pathlib import Path
import psycopg
from kasparro.postgres import shared_server
for _ in range(6):
    with shared_server(Path(sys.argv[1])) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
"""
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(home)], stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [(process.returncode, text) for process, text in zip(running, said, strict=True)] == [(0, "")] * 6
    assert status(home) is None


def test_the_next_command_stops_what_a_killed_one_left(home: Path, command: Start) -> None:
    killed = command()
    pid = killed.joined()
    killed.kill()
    assert alive(pid)
    with shared_server(home) as server:
        assert server.pid == pid
    assert not alive(pid)


def test_stop_ends_it_under_its_users(home: Path, command: Start) -> None:
    user = command()
    pid = user.joined()
    assert stop(home) is True
    assert not alive(pid)
    assert stop(home) is False
    with shared_server(home) as server:
        assert user.leave() == 0
        assert ask(server.url) == 1


def test_what_was_committed_is_there_the_next_time(home: Path) -> None:
    with shared_server(home) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with shared_server(home) as server:
        assert ask(server.url, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_stops_when_the_block_fails(home: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), shared_server(home) as server:
        pid = server.pid
        raise error
    assert not alive(pid)


def test_ctrl_c_in_the_terminal_that_started_it_spares_it(home: Path, command: Start) -> None:
    starter = command()
    pid = starter.joined()
    with shared_server(home) as server:
        os.killpg(starter.process.pid, signal.SIGINT)
        starter.process.communicate()
        assert server.pid == pid
        assert ask(server.url) == 1


def test_a_forked_child_does_not_stop_it_for_its_parent(home: Path) -> None:
    program = """
import os, sys
from pathlib import Path
import psycopg
from kasparro.postgres import shared_server, status
with shared_server(Path(sys.argv[1])) as server:
    child = os.fork()
    if child == 0:
        sys.exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    psycopg.connect(server.url).close()
assert status(Path(sys.argv[1])) is None
"""
    done = subprocess.run([sys.executable, "-c", program, str(home)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_the_server_inherits_no_lock(home: Path) -> None:
    with shared_server(home) as server:
        opened = [str(fd.readlink()) for fd in Path(f"/proc/{server.pid}/fd").iterdir()]
    assert str(server.log_file) in opened
    assert [path for path in opened if path.endswith(".lock") and "PGSQL" not in path] == []


def test_status_tells_of_a_running_server(home: Path) -> None:
    with shared_server(home) as server:
        seen = status(home)
        assert seen is not None
        assert (seen.pid, seen.url, seen.answering) == (server.pid, server.url, True)


def test_asking_for_a_server_that_never_was_makes_nothing(home: Path) -> None:
    assert status(home) is None
    assert stop(home) is False
    assert not home.exists()
