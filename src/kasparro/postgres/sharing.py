"""Sharing one server between all commands with the same home."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import psycopg

from kasparro.postgres import pidfile, server, tcp
from kasparro.postgres.binaries import find_bin_dir
from kasparro.postgres.errors import AlreadyRunning, ServerError, StartFailed, StillStarting, typed_os_errors
from kasparro.postgres.folder import Folder, find, open_or_make
from kasparro.postgres.locks import FileLock
from kasparro.postgres.pidfile import PidFile
from kasparro.postgres.settings import DATABASE, ROLE


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `tcp_url` holds a password, so it isn't printed with the rest."""

    url: str
    tcp_url: str | None = field(repr=False)
    bin_dir: Path
    data_dir: Path
    socket_dir: Path
    log_file: Path
    pid: int


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server as seen from outside; `answering` is false while it starts, recovers or stops."""

    url: str
    data_dir: Path
    log_file: Path
    pid: int
    started_at: datetime
    answering: bool


@contextmanager
def shared_server(home: Path, *, tcp_port: int | None = None) -> Iterator[Server]:
    """Use the server of `home`, which is made and started when needed; the last to leave stops it.

    Everything lies in `home/postgres/` (for the one exception see `sockets`). With `tcp_port` it
    listens on 127.0.0.1 too, and `tcp_url` leads there.

    A process forked inside may use the server, but leaving is its parent's: the child's end of the
    block does nothing. A command that is killed leaves the server running; the next one uses it, and
    stops it at its end.

    Raises:
        ServerError: there is no server to be had; the subclasses in `errors` say why.
    """
    process = os.getpid()
    with typed_os_errors(home):
        folder = open_or_make(home)
        bin_dir = find_bin_dir()
        users = folder.users()
    try:
        joined = _enter(folder, bin_dir, users, tcp_port)
    except ServerError:
        users.close()
        raise
    except BaseException:
        # Ctrl-C may have come when the server was already there.
        if users.shared:
            _leave(folder, users)
        else:
            users.close()
        raise
    try:
        yield joined
    finally:
        if os.getpid() == process:
            _leave(folder, users)
        else:
            users.close(unlock=False)


def _enter(folder: Folder, bin_dir: Path, users: FileLock, tcp_port: int | None) -> Server:
    with typed_os_errors(folder.path), closing(folder.gate()) as gate, gate:
        users.share()
        try:
            return _join(folder, bin_dir, users, tcp_port)
        except StillStarting:
            # Stopping it would throw away the recovery done so far.
            raise
        except BaseException:
            if users.alone():
                server.bring_down(folder)
            raise


def _join(folder: Folder, bin_dir: Path, users: FileLock, tcp_port: int | None) -> Server:
    found = server.bring_up(folder, bin_dir, tcp_port)
    try:
        if tcp_port is not None and not (found.listens and found.port == tcp_port):
            alone = users.alone()
            users.share()
            if not alone:
                raise AlreadyRunning(
                    f"The embedded server is in use, and not listening on TCP port {tcp_port}",
                    remedy="End the other commands first (kasparro db stop), or leave the port out.",
                )
            server.bring_down(folder)
            found = server.bring_up(folder, bin_dir, tcp_port)
        if tcp_port is not None:
            tcp.set_password(folder, found)
    except psycopg.Error as error:
        raise StartFailed(
            f"The embedded server refused the TCP password: {str(error).splitlines()[0]}",
            remedy=f"See {folder.log}.",
        ) from error
    return Server(
        url=_url(found),
        tcp_url=tcp.url(folder, found),
        bin_dir=bin_dir,
        data_dir=folder.data,
        socket_dir=found.socket_dir,
        log_file=folder.log,
        pid=found.pid,
    )


def _leave(folder: Folder, users: FileLock) -> None:
    try:
        with typed_os_errors(folder.path), closing(folder.gate()) as gate, gate:
            if users.alone():
                server.bring_down(folder)
    finally:
        users.close()


def stop(home: Path) -> bool:
    """Stop the server of `home` cleanly, also while commands use it; whether one was running.

    Raises:
        ServerError: it didn't stop, or it is another user's.
    """
    with typed_os_errors(home):
        folder = find(home)
        if folder is None:
            return False
        with closing(folder.gate()) as gate, gate:
            return server.bring_down(folder)


def alive(home: Path) -> bool:
    """Whether the server of `home` has a living process, which isn't to say that it answers; asks it nothing.

    Raises:
        ServerError: it is another user's.
    """
    with typed_os_errors(home):
        folder = find(home)
        return folder is not None and pidfile.living(folder.data) is not None


def status(home: Path) -> ServerStatus | None:
    """The server of `home` as it is now, None when none runs. Waits for nobody and starts nothing.

    Raises:
        ServerError: it is another user's.
    """
    with typed_os_errors(home):
        folder = find(home)
        found = pidfile.living(folder.data) if folder else None
        if folder is None or found is None:
            return None
        return ServerStatus(
            url=_url(found),
            data_dir=folder.data,
            log_file=folder.log,
            pid=found.pid,
            started_at=found.started_at,
            answering=found.state == server.READY and server.answers(found, folder.data),
        )


def _url(found: PidFile) -> str:
    host = quote(os.fsencode(found.socket_dir), safe="")
    return f"postgresql://{ROLE}@/{DATABASE}?host={host}&port={found.port}"
