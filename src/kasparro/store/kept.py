"""A kept connection: one for many short statements, made anew when the database went away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from kasparro.store.connection import Connection, connect, severed_after
from kasparro.store.errors import DatabaseUnavailable


class KeptConnection:
    """A connection to the database at `url`, with the session settings `more` (`-c name=value`), for one at a time.

    A statement that doesn't end within `timeout` seconds counts as a database that went away.
    """

    def __init__(self, url: str, *, more: str = "", timeout: float) -> None:
        self._url = url
        self._more = more
        self._timeout = timeout
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Connection]:
        """The connection, for as long as the block lasts. Raises DatabaseUnavailable and psycopg's errors."""
        async with self._one_at_a_time:
            try:
                if self._connection is None or self._connection.closed:
                    async with asyncio.timeout(self._timeout):
                        self._connection = await connect(self._url, self._more)
                with severed_after(self._connection, self._timeout):
                    yield self._connection
            except TimeoutError:
                await self.close()
                raise DatabaseUnavailable("the database doesn't answer", remedy="Check the database") from None
            except (psycopg.Error, asyncio.CancelledError):
                await self.close()
                raise

    async def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None
