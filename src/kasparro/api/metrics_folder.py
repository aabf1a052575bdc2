"""The folder in which the workers of one server count together: its own, and gone with it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

_NAME = "metrics"
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def metrics_folder(home: Path) -> Iterator[Path]:
    """A folder under `home` for as long as the block lasts. What killed servers left there is removed.

    A folder is locked for as long as its server, or a worker of it, lives: that of another one stays. Where `home`
    isn't ours to write to, it is a temporary folder.
    """
    try:
        whole = _open_ours(home)
    except OSError:
        with TemporaryDirectory(prefix="kasparro-metrics-") as temporary:
            yield Path(temporary)
        return
    own = f"{os.getpid()}-{token_hex(4)}"
    try:
        # Else another one could take the new folder for a leftover before it is locked.
        fcntl.flock(whole, fcntl.LOCK_EX)
        for name in os.listdir(whole):  # noqa: PTH208 - by descriptor
            _remove_leftover(whole, name)
        os.mkdir(own, 0o700, dir_fd=whole)
        held = os.open(own, _FLAGS, dir_fd=whole)
        fcntl.flock(held, fcntl.LOCK_EX)
        fcntl.flock(whole, fcntl.LOCK_UN)
        try:
            yield home.absolute() / _NAME / own
        finally:
            os.close(held)
            shutil.rmtree(own, ignore_errors=True, dir_fd=whole)
    finally:
        os.close(whole)


def _open_ours(home: Path) -> int:
    """A descriptor of the folder that all of them lie in; root works in no folder that is somebody else's."""
    path = home / _NAME
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path, _FLAGS)
    if os.fstat(folder).st_uid != os.geteuid():
        os.close(folder)
        raise PermissionError(path)
    return folder


def _remove_leftover(whole: int, name: str) -> None:
    with suppress(OSError):
        found = os.open(name, _FLAGS, dir_fd=whole)
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(name, ignore_errors=True, dir_fd=whole)
        finally:
            os.close(found)
