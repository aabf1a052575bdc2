"""Connections to the ledger."""

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


_SESSION = "-c timezone=UTC -c client_connection_check_interval=200ms -c jit=off"


async def connect(url: str) -> Connection:
    """A connection in autocommit mode whose server notices within 0.2 s when we are gone.

    Raises DatabaseUnavailable, which names what is wrong with the address and never its password.
    """
    try:
        connection = await AsyncConnection.connect(url, autocommit=True, **_options_for(url))
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


def _options_for(url: str) -> dict[str, Any]:
    given = psycopg.conninfo.conninfo_to_dict(url)
    wanted = {name: value for name, value in _OPTIONS.items() if name not in given}
    return wanted | {"options": f"{_SESSION} {given.get('options') or ''}".strip()}
