"""Who the server runs as, and who gets in."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from kasparro.postgres import Server, shared_server, status
from kasparro.postgres.errors import AccessDenied, AlreadyRunning, PortTaken

NOBODY = 65534
READ_AND_SEARCH = 1 << 2
OVERRIDE = 1 << 1

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a choice of users")

USE = """
import os, sys
from pathlib import Path
import psycopg
from kasparro.errors import Fatal
from kasparro.postgres import shared_server, status
try:
    with shared_server(Path(sys.argv[1])) as server, psycopg.connect(server.url) as connection:
        print(connection.execute(sys.argv[2]).fetchone()[0])
        process = Path(f"/proc/{server.pid}/status").read_text()
        print([line.split()[1] for line in process.splitlines() if line.startswith(("Uid", "CapEff"))])
    assert status(Path(sys.argv[1])) is None
except Fatal as error:
    print(type(error).__name__, int(error.exit_code), error)
"""


class Installation(Protocol):
    python: str
    library: Path
    wheel: Path

    def run(
        self, program: str, *arguments: object, uid: int = NOBODY, wheel: bool = True, path: str | None = None
    ) -> subprocess.CompletedProcess[str]: ...


def process_status(server: Server) -> dict[str, str]:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def one(server: Server, question: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def secret(place: Path, installation: Installation) -> Iterator[Path]:
    """A folder that only root may enter, with PostgreSQL in it."""
    path = place / "only root's"
    path.mkdir(mode=0o700)
    shutil.copytree(installation.wheel, path / "wheel", symlinks=True)
    yield path


@as_root
def test_roots_server_runs_unprivileged(
    home: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installation.wheel)
    with shared_server(home) as server:
        said = process_status(server)
        assert server.bin_dir.is_relative_to(installation.wheel)
    assert "0" not in said["Uid"].split()
    assert "0" not in said["Gid"].split()
    assert said["Groups"] == ""
    assert int(said["CapEff"], 16) == 0


@as_root
def test_root_only_folders_cost_one_capability(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(secret / "wheel")
    with shared_server(secret / "home") as server:
        said = process_status(server)
        assert server.bin_dir.is_relative_to(secret)
        assert one(server, "SELECT 1") == 1
    assert "0" not in said["Uid"].split()
    assert int(said["CapEff"], 16) == int(said["CapPrm"], 16) == READ_AND_SEARCH
    assert secret.stat().st_mode & 0o777 == 0o700
    assert status(secret / "home") is None


@as_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_root_only_folders_in_a_container(secret: Path) -> None:
    """With no more capabilities than containers have by default, which lack reading others' /proc too."""
    kept = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot"
    bounds = ",".join(["-all", *(f"+{name}" for name in kept.split())])
    done = subprocess.run(
        ["setpriv", "--bounding-set", bounds, sys.executable, "-c", USE, secret / "home", "SELECT 1"],
        env={"PYTHONPATH": str(secret / "wheel"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    answer, process = done.stdout.splitlines()
    assert answer == "1"
    assert f"{OVERRIDE:016x}" in process


@as_root
def test_nobody_else_gets_in(home: Path, installation: Installation) -> None:
    connect = """
import sys, psycopg
try:
    psycopg.connect(sys.argv[1])
except psycopg.OperationalError as error:
    print(error)
"""
    with shared_server(home) as server:
        assert "Permission denied" in installation.run(connect, server.url).stdout
        server.socket_dir.chmod(0o755)
        (server.socket_dir / ".s.PGSQL.5432").chmod(0o777)
        assert "Peer authentication failed" in installation.run(connect, server.url).stdout


@as_root
def test_an_ordinary_user_needs_no_rights(place: Path, installation: Installation) -> None:
    own = place / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    before = sorted(installation.library.rglob("*"))
    done = installation.run(USE, own / "home", "SELECT current_user")
    assert done.stderr == ""
    answer, process = done.stdout.splitlines()
    assert answer == "kasparro"
    assert str(NOBODY) in process
    assert {path.stat().st_uid for path in own.rglob("*")} == {NOBODY}
    assert (own / "home" / "postgres").stat().st_mode & 0o777 == 0o700
    assert sorted(installation.library.rglob("*")) == before


@as_root
def test_a_home_given_to_an_ordinary_user_and_visited_by_root(home: Path, installation: Installation) -> None:
    with shared_server(home) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    assert installation.run(USE, home, "SELECT n FROM kept").stdout.startswith("7\n")
    with shared_server(home) as server:
        assert one(server, "SELECT n FROM kept") == 7
        assert {path.lstat().st_uid for path in home.rglob("*")} == {NOBODY}
    assert installation.run(USE, home, "SELECT n FROM kept").stdout.startswith("7\n")


@as_root
def test_somebody_elses_home_is_refused(home: Path, installation: Installation) -> None:
    with shared_server(home):
        assert installation.run(USE, home, "SELECT 1").stdout.startswith("AccessDenied 4 ")


@as_root
def test_a_user_without_a_name_is_told_so(place: Path, installation: Installation) -> None:
    own = place / "own"
    own.mkdir()
    os.chown(own, 54321, 54321)
    done = installation.run(USE, own, "SELECT 1", uid=54321)
    assert done.stdout.startswith("AccountMissing 4 "), done.stderr


@as_root
def test_an_installed_postgresql_serves_without_the_wheel(place: Path, installation: Installation) -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("no PostgreSQL of the distribution is installed")
    own = place / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    done = installation.run(USE, own / "home", "SELECT current_setting('data_directory')", wheel=False)
    assert done.stdout.startswith(f"{own}/home/postgres/data\n"), done.stderr


@as_root
def test_no_postgresql_at_all_is_said(place: Path, installation: Installation) -> None:
    own = place / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    nowhere = "from pathlib import Path; import kasparro.postgres.binaries as b; b.DEBIAN = Path('/nowhere')\n"
    done = installation.run(nowhere + USE, own / "home", "SELECT 1", wheel=False, path="/nowhere")
    assert done.stdout.startswith("BinariesMissing 4 "), done.stderr
    assert "DATABASE_URL" in done.stdout


@pytest.mark.parametrize("name", ['it\'s "100%" größe\\ $HOME', "a,b"])
def test_any_path_will_do(place: Path, name: str) -> None:
    with shared_server(place / name) as server:
        assert one(server, "SELECT current_setting('data_directory')") == str(place / name / "postgres" / "data")
        said = subprocess.run(
            [server.bin_dir / "psql", server.url, "-Atc", "SELECT 1"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stdout == "1\n", said.stderr
    assert status(place / name) is None


def test_a_path_too_long_for_a_socket_borrows_a_folder(place: Path) -> None:
    home = place / ("long" * 25)
    with shared_server(home) as server:
        borrowed = server.socket_dir
        assert one(server, "SELECT 1") == 1
        assert not borrowed.is_relative_to(home)
        assert borrowed.stat().st_mode & 0o777 == 0o700
    assert not borrowed.exists()
    if os.geteuid() == 0:
        borrowed.mkdir()
        os.chown(borrowed, 54321, -1)
        try:
            with pytest.raises(AccessDenied, match=borrowed.name), shared_server(home):
                pass
        finally:
            borrowed.rmdir()
    borrowed.symlink_to(place)
    try:
        with pytest.raises(AccessDenied, match=borrowed.name), shared_server(home):
            pass
    finally:
        borrowed.unlink()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def test_tcp_asks_for_a_password_that_only_the_owner_can_read(home: Path, port: int) -> None:
    with shared_server(home, tcp_port=port) as server:
        assert server.tcp_url is not None
        with psycopg.connect(server.tcp_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        password_file = home / "postgres" / "tcp_password"
        password = password_file.read_text()
        assert password_file.stat().st_mode & 0o777 == 0o600
        for wrong in (server.tcp_url.replace(password, "guess"), server.tcp_url.replace(f":{password}", "")):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(wrong, passfile="/dev/null")
        assert one(server, "SELECT current_setting('listen_addresses')") == "127.0.0.1"
        assert password not in server.log_file.read_text() + repr(server)
    with shared_server(home) as server:
        assert server.tcp_url is None
        assert one(server, "SELECT current_setting('listen_addresses')") == ""


def test_tcp_is_refused_while_others_use_the_server_without_it(home: Path, port: int) -> None:
    with shared_server(home) as server:
        with pytest.raises(AlreadyRunning, match=str(port)), shared_server(home, tcp_port=port):
            pass
        assert one(server, "SELECT 1") == 1
    assert status(home) is None


def test_a_tcp_port_that_is_taken_is_said(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken), shared_server(home, tcp_port=other.getsockname()[1]):
            pass
    assert status(home) is None
