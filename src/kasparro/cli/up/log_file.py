"""The log file of the `up` in the background: opened, its end shown, followed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from kasparro.postgres.files import open_private

NAME = "kasparro.log"
LIMIT = 16 * 1024 * 1024
"""Beyond it, the next start begins a new file and keeps this one as `.old`."""
_BLOCK = 64 * 1024
_PAUSE_S = 0.2


def open_log(home: Path) -> int:
    """A descriptor to append to the log of `home`; only the owner may read it."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / NAME
    if path.exists() and path.stat().st_size > LIMIT:
        path.replace(path.with_suffix(".log.old"))
    return open_private(path, os.O_WRONLY | os.O_APPEND, home.stat().st_uid)


def last_lines(path: Path, number: int, *, since: int = 0) -> list[str]:
    """The last `number` lines of the file at `path` behind the byte `since`."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(since, size - _BLOCK)
        file.seek(start)
        lines = file.read(size - start).decode(errors="replace").splitlines()
    # What begins in the middle of a line isn't one.
    return lines[1 if start > since else 0 :][-number:]


def follow(path: Path) -> Iterator[str]:
    """What is written to the file at `path` from now on, also when a new one takes its place; never ends."""
    file = path.open("rb")
    try:
        file.seek(0, os.SEEK_END)
        while True:
            if text := file.read(_BLOCK):
                yield text.decode(errors="replace")
            elif path.exists() and not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                file.close()
                file = path.open("rb")
            else:
                time.sleep(_PAUSE_S)
    finally:
        file.close()
