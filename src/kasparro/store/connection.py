"""Connections to the ledger."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from kasparro.store.errors import DatabaseUnavailable

Connection = AsyncConnection[TupleRow]

MINIMUM_VERSION = 15
_OPTIONS = {
    "application_name": "kasparro",
    "connect_timeout": 10,
    "keepalives_idle": 30,
}


# Of a session over the network, the server notices within 20 s that the client's machine is gone, and gives its claims
# back.
_KEEPALIVES = "-c tcp_keepalives_idle=8 -c tcp_keepalives_interval=4 -c tcp_keepalives_count=3"
_SESSION = f"-c timezone=UTC -c client_connection_check_interval=200ms -c jit=off {_KEEPALIVES}"


async def connect(url: str, more: str = "") -> Connection:
    """A connection in autocommit mode whose server notices within 0.2 s when we are gone.

    `more` are further settings of its session, as `-c name=value`.

    Raises DatabaseUnavailable, which names what is wrong with the address and never its password.
    """
    try:
        connection = await AsyncConnection.connect(url, autocommit=True, **session_options(url, more))
    except psycopg.ProgrammingError:
        raise unreadable() from None
    except psycopg.Error as error:
        raise unreachable(error) from None
    if connection.info.server_version < MINIMUM_VERSION * 10_000:
        version = connection.info.parameter_status("server_version")
        await connection.close()
        raise DatabaseUnavailable(
            f"the database is PostgreSQL {version}; {MINIMUM_VERSION} or newer is needed",
            remedy="Upgrade it, or unset DATABASE_URL to use the embedded PostgreSQL",
        )
    return connection


@contextmanager
def severed_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Within the block, after so many seconds, end the connection at once: its statement raises OperationalError.

    To cancel a statement is to ask the server for it, and one that hangs doesn't listen.
    """

    def sever() -> None:
        if not connection.closed:
            with socket(fileno=os.dup(connection.fileno())) as held, suppress(OSError):
                held.shutdown(SHUT_RDWR)

    timer = asyncio.get_running_loop().call_later(seconds, sever)
    try:
        yield
    finally:
        timer.cancel()


def unreadable() -> DatabaseUnavailable:
    """The error of an address that isn't one; the driver's own text would show its password."""
    return DatabaseUnavailable(
        "DATABASE_URL can't be read as an address", remedy="Write it as postgresql://user:password@host:5432/database"
    )


def unreachable(error: psycopg.Error) -> DatabaseUnavailable:
    """The error of an address at which nobody lets us in."""
    text = str(error).strip().splitlines()
    return DatabaseUnavailable(
        f"the database can't be reached: {text[0] if text else type(error).__name__}",
        remedy="Check DATABASE_URL, or unset it to use the embedded PostgreSQL",
    )


def session_options(url: str, more: str = "") -> dict[str, Any]:
    """What every session of ours is opened with, and `more` as `-c name=value`; what `url` says itself wins."""
    given = psycopg.conninfo.conninfo_to_dict(url)
    wanted = {name: value for name, value in _OPTIONS.items() if name not in given}
    return wanted | {"options": " ".join(part for part in (_SESSION, more, str(given.get("options") or "")) if part)}
