"""The folder of the server's unix socket.

It is `home/postgres/run`, the one exception being a path that no unix socket can have (they end at
107 bytes on Linux, at 103 elsewhere) or that libpq would split at a comma: then it is a folder named
after user id and home, below XDG_RUNTIME_DIR or /tmp, which goes away when the server stops. Who
joins a running server reads the folder from its pid file, so that the two may differ in environment.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from kasparro.postgres.errors import AccessDenied
from kasparro.postgres.folder import Folder

LONGEST = 103
PORT = 5432


def make(folder: Folder) -> Path:
    """The socket folder, owned by the server's account and closed to others; cleared of stale sockets.

    Only called while no server of this folder lives.

    Raises:
        AccessDenied: somebody else made a folder of this name.
    """
    path = folder.run if _fits(folder.run) else _short(folder)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    fd = _open_dir(path, folder)
    try:
        if os.fstat(fd).st_uid != folder.account.uid:
            os.fchown(fd, folder.account.uid, folder.account.gid)
        os.fchmod(fd, 0o700)
        for name in os.listdir(fd):  # noqa: PTH208 - of the folder that was checked, whatever has its name now
            if name.startswith(".s.PGSQL."):
                os.unlink(name, dir_fd=fd)
    finally:
        os.close(fd)
    return path


def remove(folder: Folder, path: Path) -> None:
    """Take a socket folder outside of the home away again; it stays when something else is in it."""
    if path == folder.run:
        return
    with suppress(OSError):
        path.rmdir()


def _fits(path: Path) -> bool:
    longest_name = path / ".s.PGSQL.65535"
    return len(os.fsencode(longest_name)) <= LONGEST and "," not in str(path)


def _short(folder: Folder) -> Path:
    digest = hashlib.sha256(os.fsencode(folder.path)).hexdigest()[:16]
    name = f"kasparro-{folder.owner}-{digest}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(runtime)
    # Root's own is closed to the account that the server runs as.
    if runtime and folder.account.uid == os.geteuid() and base.is_dir() and base.stat().st_uid == folder.owner:
        path = base.resolve() / name
        if _fits(path):
            return path
    return Path("/tmp").resolve() / name  # noqa: S108 - owner and mode are checked before use


def _open_dir(path: Path, folder: Folder) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _strange(path) from error
    # Between mkdir and fchown of a start that was killed it is still root's.
    if os.fstat(fd).st_uid not in {folder.account.uid, os.geteuid()}:
        os.close(fd)
        raise _strange(path)
    return fd


def _strange(path: Path) -> AccessDenied:
    return AccessDenied(
        f"{path}, where the server's socket should be, is not a folder of ours",
        remedy="Remove it, or set KASPARRO_HOME to a folder with a shorter path.",
    )
