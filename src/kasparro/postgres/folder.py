"""The folder below the home that holds everything of the server."""

import os
from dataclasses import dataclass
from pathlib import Path

from kasparro.postgres.account import Account, account_for, owner_of
from kasparro.postgres.errors import ELSEWHERE, AccessDenied, ServerError
from kasparro.postgres.locks import FileLock

NAME = "postgres"


@dataclass(frozen=True, slots=True)
class Folder:
    """`home/postgres/`: who owns it, who the server in it runs as, and what lies where."""

    path: Path
    owner: int
    account: Account

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"

    @property
    def run(self) -> Path:
        """Where the socket is, unless this path is too long for one (see `sockets`)."""
        return self.path / "run"

    @property
    def hba(self) -> Path:
        return self.path / "pg_hba.conf"

    @property
    def ident(self) -> Path:
        return self.path / "pg_ident.conf"

    @property
    def password(self) -> Path:
        return self.path / "tcp_password"

    def gate(self) -> FileLock:
        """The lock under which, held alone, the server is started or stopped.

        Used with `closing`, too: Ctrl-C on the way into its `__exit__` would leave it held, and who then stops
        the server would wait for itself.
        """
        return FileLock(self.path / "gate.lock", self.owner)

    def users(self) -> FileLock:
        """The lock that everyone who uses the server shares."""
        return FileLock(self.path / "users.lock", self.owner)


def find(home: Path) -> Folder | None:
    """The folder of a home in which a server was ever started, else None. Makes nothing.

    Raises:
        AccessDenied: it is somebody else's.
        AccountMissing: see `account.account_for`.
    """
    path = home.resolve() / NAME
    if not path.is_dir():
        return None
    owner = owner_of(path.parent)
    if path.stat().st_uid != owner:
        raise AccessDenied(
            f"The embedded server in {path} belongs to another user (id {path.stat().st_uid})",
            remedy=f"Run as that user, set KASPARRO_HOME to a folder that you own, or {ELSEWHERE}.",
        )
    return Folder(path, owner, account_for(owner, path / "data"))


def open_or_make(home: Path) -> Folder:
    """The folder of a home, made when missing; raises what `find` does.

    Others may enter it, but not list it, where the server runs as an account that isn't the owner;
    otherwise it is closed. Everything in it has its own mode.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home.resolve() / NAME
    if "\n" in str(path):
        raise ServerError("KASPARRO_HOME has a line break in its path", remedy="Choose another folder.")
    owner = owner_of(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if os.geteuid() != owner:
            os.chown(path, owner, -1, follow_symlinks=False)
    folder = find(home)
    if folder is None:
        raise ServerError(f"{path} is not a folder", remedy="Move that file away.")
    mode = 0o700 if folder.account.uid == owner else 0o711
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
    return folder
