"""The OS account that the server runs as, and who may use the server."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from kasparro.postgres.errors import ELSEWHERE, AccessDenied, AccountMissing

ROOT = 0
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system that PostgreSQL can run as."""

    uid: int
    gid: int
    name: str

    def may(self, path: Path, bits: int) -> bool:
        """Whether this account may use `path` (`bits`: 4 read, 1 enter or run), by its mode alone.

        Access lists aren't looked at: where one opens a path that the mode closes, the server gets a
        capability that it could have done without, and nothing breaks.
        """
        info = path.stat()
        if info.st_uid == self.uid:
            mode = info.st_mode >> 6
        elif info.st_gid == self.gid:
            mode = info.st_mode >> 3
        else:
            mode = info.st_mode
        return mode & bits == bits

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter every folder above `path`."""
        return all(self.may(folder, 1) for folder in path.resolve().parents)


def user_name(uid: int) -> str | None:
    """The name of a user id, None without an entry in the user database."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def owner_of(home: Path) -> int:
    """The user id that owns the server below `home`, an existing folder.

    An ordinary user owns what it starts. Root in a home of somebody else acts for that user, so that
    the user still gets in afterwards; a home of a user id without a name (a folder mounted into a
    container) counts as root's.
    """
    uid = os.geteuid()
    if uid != ROOT:
        return uid
    home_uid = home.stat().st_uid
    return home_uid if user_name(home_uid) is not None else ROOT


def account_for(owner: int, data_dir: Path) -> Account:
    """The account that the server of `owner` runs as.

    The owner itself; for root, whom PostgreSQL refuses, the account that owns the data directory,
    for a new one `postgres` or else `nobody`.

    Raises:
        AccountMissing: the user id has no name, which `initdb` and peer authentication need.
        AccessDenied: the data directory belongs to root, as which no server can run.
    """
    if owner != ROOT:
        return _named(owner)
    if data_dir.is_dir():
        uid = data_dir.stat().st_uid
        if uid == ROOT:
            raise AccessDenied(
                f"The data in {data_dir} belongs to root, as whom PostgreSQL refuses to run",
                remedy="Give the folder to the account it was made by, for example with chown -R postgres.",
            )
        return _named(uid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise AccountMissing(
        "PostgreSQL refuses to run as root, and there is no account postgres or nobody",
        remedy=f"Run as an ordinary user, or {ELSEWHERE}.",
    )


def _named(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise AccountMissing(
            f"PostgreSQL can't run as user id {uid}, which has no name on this machine",
            remedy=f"Run as a user with an entry in the user database, or {ELSEWHERE}.",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
