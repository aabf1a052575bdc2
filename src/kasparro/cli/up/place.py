"""The one `up` of a home: a lock that its process holds for as long as it lives, and that process' id in it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kasparro.errors import ExitCode, Fatal
from kasparro.postgres.files import open_private

NAME = "up.pid"
PATIENCE_S = 2.0
"""Who only looks holds the lock for an instant too, and who has just got it writes its id an instant later."""
PAUSE_S = 0.02


class AlreadyUp(Fatal):
    """Another `up` of this home is running."""

    exit_code = ExitCode.BUSY

    def __init__(self, pid: int) -> None:
        super().__init__(f"already running (process {pid})", remedy="`kasparro down` ends it")
        self.pid = pid


class UnknownHolder(Fatal):
    """The lock is held, but not by the process that the file names."""

    exit_code = ExitCode.BUSY

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is locked by a process that it doesn't name",
            remedy="See which process has it open (lsof), and end it",
        )


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Be the one `up` of `home` for as long as the block lasts. Raises AlreadyUp and UnknownHolder."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / NAME
    fd = open_private(path, os.O_RDWR, home.stat().st_uid)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _locked(fd, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise AlreadyUp(_named(path) or _refuse(path))
            time.sleep(PAUSE_S)
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        try:
            yield
        finally:
            os.ftruncate(fd, 0)
    finally:
        # The lock goes with the last copy of the descriptor; children get none.
        os.close(fd)


def holder(home: Path) -> int | None:
    """The process that is the `up` of `home`; None when there is none. Raises UnknownHolder."""
    path = home / NAME
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            if _locked(fd, fcntl.LOCK_SH):
                return None
        finally:
            os.close(fd)
        if pid := _named(path):
            return pid
        if time.monotonic() > deadline:
            _refuse(path)
        time.sleep(PAUSE_S)


def _locked(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(path: Path) -> int | None:
    """The process that the file names, if it has the file open: a stale id may be anybody's by now."""
    text = path.read_text().strip()
    if not text.isdecimal():
        return None
    process = Path("/proc") / text
    if not Path("/proc/self/fd").exists():
        return int(text)
    try:
        opened = any(fd.exists() and fd.samefile(path) for fd in (process / "fd").iterdir())
    except OSError:
        return None
    return int(text) if opened else None


def _refuse(path: Path) -> int:
    raise UnknownHolder(path)
