"""The pulse: asks whether anything changed, hundreds of times a second, for a quarter of what a statement costs."""

import asyncio
from contextlib import suppress

import psycopg
from psycopg.pq import ExecStatus

from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseUnavailable
from kasparro.store.latest import VERSIONS, Versions


class Pulse:
    """A connection of its own to the database at `url`, made anew when it went away; `read` one at a time.

    Its statement is prepared once, and from then on sent and received through libpq without the driver's cursors.
    An answer that doesn't come within `timeout` seconds counts as a database that went away.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._connection: Connection | None = None
        self._listened_to: int | None = None
        self._answer: asyncio.Future[Versions] | None = None

    async def read(self) -> Versions:
        """Both counters as they are now. Raises DatabaseUnavailable and psycopg's errors."""
        loop = asyncio.get_running_loop()
        try:
            connection = self._connection
            if connection is None:
                async with asyncio.timeout(self._timeout):
                    connection = await self._open(loop)
            answer: asyncio.Future[Versions] = loop.create_future()
            self._answer = answer
            connection.pgconn.send_query_prepared(b"versions", ())
            timer = loop.call_later(self._timeout, self._fail, TimeoutError())
            try:
                return await answer
            finally:
                timer.cancel()
        except TimeoutError:
            await self.close()
            raise DatabaseUnavailable("the database doesn't answer", remedy="Check the database") from None
        except (psycopg.Error, asyncio.CancelledError):
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection; the next reading opens another."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._stop_listening()
            with suppress(psycopg.Error):
                await connection.close()

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Connection:
        connection = await connect(self._url, "-c default_transaction_read_only=on")
        try:
            await connection.execute(f"PREPARE versions AS {VERSIONS}".encode())
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._listened_to = connection.fileno()
        loop.add_reader(self._listened_to, self._receive, connection)
        return connection

    def _receive(self, connection: Connection) -> None:
        libpq = connection.pgconn
        try:
            libpq.consume_input()
            while not libpq.is_busy() and (result := libpq.get_result()) is not None:
                if result.status != ExecStatus.TUPLES_OK:
                    raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
                data, activity = result.get_value(0, 0), result.get_value(0, 1)
                assert data is not None and activity is not None
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(Versions(int(data), int(activity)))
        except psycopg.Error as error:
            self._stop_listening()
            self._fail(error)

    def _stop_listening(self) -> None:
        # A connection that is lost can't tell its descriptor any more.
        if self._listened_to is not None:
            asyncio.get_running_loop().remove_reader(self._listened_to)
            self._listened_to = None

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
