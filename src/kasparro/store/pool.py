"""Pools: the connections that requests share, handed out first come, first served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from kasparro.errors import ExitCode, Retriable
from kasparro.store.connection import Connection, session_options, severed_after
from kasparro.store.errors import DatabaseUnavailable, explain

_GRACE_S = 2.0
_CHECK_S = 2.0


class Overloaded(Retriable):
    """More requests wait for the database than may."""

    exit_code = ExitCode.BUSY


class TookTooLong(Retriable):
    """A statement was ended because it took more than the time that it may take."""

    exit_code = ExitCode.DATABASE


class Pool:
    """At most `size` connections to the database at `url`; `read_only` ones write nothing.

    A statement may take `timeout` seconds, and so may the wait for a connection; at most `waiting` wait. A
    connection that is used for much longer is severed: a server that hangs ends no statement.
    """

    def __init__(self, url: str, *, size: int, timeout: float, waiting: int, read_only: bool) -> None:
        self._timeout = timeout
        more = f"-c statement_timeout={round(timeout * 1000)}"
        if read_only:
            more += " -c default_transaction_read_only=on"
        self._pool = AsyncConnectionPool[Connection](
            url,
            kwargs={"autocommit": True} | session_options(url, more),
            min_size=0,
            max_size=size,
            max_waiting=waiting,
            timeout=timeout,
            # The pool's own pauses between attempts grow to minutes; given up at once, each request tries anew.
            reconnect_timeout=0.5,
            check=_check,
            open=False,
        )

    async def open(self) -> None:
        """Get ready; connects to nothing yet."""
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close(timeout=1)

    @asynccontextmanager
    async def connection(self, *, patience: float | None = None) -> AsyncIterator[Connection]:
        """A connection for as long as the block lasts, waited for `patience` seconds (None: the pool's timeout).

        Raises DatabaseUnavailable, ConnectionLost, DatabaseRefused, TookTooLong and Overloaded.
        """
        try:
            async with self._pool.connection(timeout=patience or self._timeout) as connection:
                with severed_after(connection, self._timeout + _GRACE_S):
                    yield connection
        except TooManyRequests:
            raise Overloaded("too many requests wait for the database", remedy="Try again in a second") from None
        except PoolTimeout:
            raise DatabaseUnavailable("the database doesn't answer", remedy="Try again when it is back") from None
        except psycopg.errors.QueryCanceled as error:
            raise TookTooLong(f"the question took more than {self._timeout:.0f} s", remedy="Ask for less") from error
        except psycopg.Error as error:
            raise explain(error) or error from error


async def _check(connection: Connection) -> None:
    with severed_after(connection, _CHECK_S):
        await AsyncConnectionPool.check_connection(connection)
