"""Files of the owner, made safely by root too."""

import os
from pathlib import Path

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def open_private(path: Path, flags: int, owner: int) -> int:
    """A descriptor of a file that only the user id `owner` may use; made when missing.

    Never reached over a link, and what exists is not given away: root may be in a folder where
    somebody laid a link to a file of root's.
    """
    try:
        return os.open(path, flags | _FLAGS)
    except FileNotFoundError:
        pass
    try:
        return create(path, flags, owner, 0o600)
    except FileExistsError:
        return os.open(path, flags | _FLAGS)


def create(path: Path, flags: int, owner: int, mode: int) -> int:
    """A descriptor of a new file of the user id `owner`; FileExistsError when there is one."""
    fd = os.open(path, flags | _FLAGS | os.O_CREAT | os.O_EXCL, mode)
    os.fchmod(fd, mode)
    if os.geteuid() != owner:
        os.fchown(fd, owner, -1)
    return fd
