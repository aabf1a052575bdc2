"""Locks between processes that the kernel releases when their holder dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from kasparro.postgres.errors import ServerError
from kasparro.postgres.files import open_private

PATIENCE_S = 150.0
PAUSE_S = 0.005


class FileLock:
    """`flock` on a file of its own open file description.

    The descriptor is never inherited over exec (Python's default), so that no server can hold it. A
    forked child shares the description: unlocking is therefore always explicit, and never left to
    closing.
    """

    def __init__(self, path: Path, owner: int) -> None:
        """Opens the lock file, which is made and given to the user id `owner` when missing."""
        self._path = path
        self.shared = False
        self._fd = open_private(path, os.O_RDWR, owner)

    def share(self) -> None:
        """Hold it together with others. Never waits long: who holds it alone does so for an instant."""
        fcntl.flock(self._fd, fcntl.LOCK_SH)
        self.shared = True

    def alone(self) -> bool:
        """Whether nobody else holds it; it is then held alone, otherwise it may be lost."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self, *, unlock: bool = True) -> None:
        """Let go, unless that was done; without `unlock` only this process' copy of a lock that a parent holds."""
        fd = self._fd
        if fd < 0:
            return
        if unlock:
            fcntl.flock(fd, fcntl.LOCK_UN)
        # Before it is closed: were this interrupted, the number may be another file's by the next call.
        self._fd = -1
        os.close(fd)

    def __enter__(self) -> "FileLock":
        """Hold it alone, waiting for others.

        Raises:
            ServerError: somebody has held it for longer than a start, a stop and a recovery take.
        """
        deadline = time.monotonic() + PATIENCE_S
        try:
            while not self.alone():
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"Another command has been starting or stopping the server for {PATIENCE_S:.0f} s",
                        remedy=f"See which process holds {self._path} (lsof), end it and try again.",
                    )
                time.sleep(PAUSE_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
