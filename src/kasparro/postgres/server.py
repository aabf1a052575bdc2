"""Bringing the server up and down, and asking it whether it is there."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from kasparro.postgres import attempt, cluster, interrupts, pidfile, sockets
from kasparro.postgres.attempt import Attempt
from kasparro.postgres.errors import ELSEWHERE, StartFailed, StillStarting, StopFailed, disk_full
from kasparro.postgres.folder import Folder
from kasparro.postgres.pidfile import Holder, PidFile
from kasparro.postgres.settings import DATABASE, ROLE

PATIENCE_S = 60.0
PAUSE_S = 0.005
ORPHANS_PAUSE_S = 0.2
READY = "ready"

Answer = TypeVar("Answer")


def bring_up(folder: Folder, bin_dir: Path, tcp_port: int | None) -> PidFile:
    """A server that answers: the living one, else a new one. Only called with the gate held.

    It answers when a connection does: a line in the log or in the pid file promises less.

    Raises:
        ServerError: it gave up (the log's reason is in the message).
        StillStarting: it needs more than 60 s, and goes on.
    """
    deadline = time.monotonic() + PATIENCE_S
    cluster.make_if_missing(folder, bin_dir)
    started: Attempt | None = None
    orphaned = False
    try:
        while time.monotonic() < deadline:
            found = pidfile.living(folder.data)
            if found is not None:
                if found.state == READY and answers(found, folder.data, make_database=True):
                    return found
            elif started is None:
                with interrupts.put_off():
                    started = Attempt(folder, bin_dir, tcp_port)
            elif started.ended:
                if not started.blocked_by_orphans:
                    raise started.error()
                orphaned = True
                started = None
                time.sleep(ORPHANS_PAUSE_S)
            time.sleep(PAUSE_S)
        raise _orphaned(folder) if orphaned else _too_slow(folder)
    except StillStarting:
        raise
    except BaseException:
        if started is not None:
            started.abort()
        raise


def _too_slow(folder: Folder) -> StillStarting:
    return StillStarting(
        f"The embedded server has not answered for {PATIENCE_S:.0f} s",
        remedy=f"It may still be recovering after a crash: see {folder.log} and try again, or {ELSEWHERE}.",
    )


def _orphaned(folder: Folder) -> StartFailed:
    pids = ", ".join(map(str, pidfile.orphans(folder.data))) or "of this data directory"
    return StartFailed(
        f"The embedded server was killed, and processes that it left behind still work: {pids}",
        remedy="End these processes and try again.",
    )


def using(found: PidFile, work: Callable[[psycopg.Connection[TupleRow]], Answer]) -> Answer:
    """What `work` returns on a connection to a server's maintenance database, each statement its own transaction."""
    connection = psycopg.connect(
        host=str(found.socket_dir),
        port=found.port,
        user=ROLE,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )
    try:
        with connection:
            return work(connection)
    finally:
        # Its destructor is Python code, and what is raised in a destructor is lost: so would Ctrl-C be.
        with interrupts.put_off():
            del connection


def answers(found: PidFile, data_dir: Path, *, make_database: bool = False) -> bool:
    """Whether a server answers a query, and serves this data directory.

    Raises:
        DiskFull: there is no room for the database that was to be made.
    """

    def serves(connection: psycopg.Connection[TupleRow]) -> bool:
        row = connection.execute(
            "SELECT current_setting('data_directory'), EXISTS (SELECT FROM pg_database WHERE datname = %s)",
            [DATABASE],
        ).fetchone()
        if row is None or row[0] != str(data_dir):
            return False
        if make_database and not row[1]:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return True

    try:
        return using(found, serves)
    except psycopg.errors.DiskFull as error:
        raise disk_full(str(data_dir)) from error
    except psycopg.OperationalError:
        return False


def bring_down(folder: Folder) -> bool:
    """Stop the server cleanly, ending its sessions; whether one was running.

    Only called with the gate held.

    Raises:
        StopFailed: it is still there after 60 s, or it can't be told from another program.
    """
    found = pidfile.living(folder.data)
    if found is None:
        attempt.reap()
        return False
    if pidfile.holder(found.pid, folder.data) is not Holder.SERVER:
        raise StopFailed(
            f"Process {found.pid} may be the embedded server or another one",
            remedy="Stop it by hand if it is.",
        )
    os.kill(found.pid, signal.SIGINT)
    deadline = time.monotonic() + PATIENCE_S
    while pidfile.holder(found.pid, folder.data) in {Holder.SERVER, Holder.UNKNOWN}:
        attempt.reap()
        if time.monotonic() > deadline:
            raise StopFailed(
                f"The embedded server (process {found.pid}) is still stopping after {PATIENCE_S:.0f} s",
                remedy=f"See {folder.log} and try again.",
            )
        time.sleep(PAUSE_S)
    attempt.reap()
    sockets.remove(folder, found.socket_dir)
    return True
