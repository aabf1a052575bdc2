"""The pool and the kept connection: read-only, bounded in time and number, well again by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from kasparro.errors import KasparroError
from kasparro.postgres.sharing import Server
from kasparro.store.errors import ConnectionLost, DatabaseUnavailable
from kasparro.store.kept import KeptConnection
from kasparro.store.pool import Overloaded, Pool, TookTooLong


@asynccontextmanager
async def _open(url: str, *, size: int = 1, seconds: float = 5, waiting: int = 1) -> AsyncIterator[Pool]:
    pool = Pool(url, size=size, timeout=seconds, waiting=waiting, read_only=True)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


def _end_sessions(server: Server, url: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (urlsplit(url).path[1:],)
        )


async def test_readers_write_nothing(url: str) -> None:
    async with _open(url) as pool:
        for statement in ("DELETE FROM quotes", "CREATE TABLE x ()", "UPDATE ledger SET version = 9",
                          "INSERT INTO rate_windows VALUES ('a', now(), 1)"):  # fmt: skip
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                async with pool.connection() as connection:
                    await connection.execute(statement.encode())


async def test_a_statement_has_its_time(url: str) -> None:
    async with _open(url, seconds=0.2) as pool:
        with pytest.raises(TookTooLong):
            async with pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(30)")
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")


async def test_so_many_may_wait_and_no_more(url: str) -> None:
    async with _open(url, size=1, waiting=1) as pool:

        async def use() -> None:
            async with pool.connection():
                pass

        async with pool.connection():
            waits = asyncio.create_task(use())
            await asyncio.sleep(0)  # it has its turn
            with pytest.raises(Overloaded):
                await use()
        await waits


async def test_who_waits_in_vain_is_told(url: str) -> None:
    async with _open(url) as pool, pool.connection():
        with pytest.raises(DatabaseUnavailable):
            async with pool.connection(patience=0.05):
                pass


async def test_a_session_that_dies_is_replaced(url: str, server: Server) -> None:
    async with _open(url) as pool:
        with pytest.raises(KasparroError) as told:
            async with pool.connection() as connection:
                _end_sessions(server, url)
                await connection.execute("SELECT 1")
        assert isinstance(told.value, ConnectionLost)
        _end_sessions(server, url)
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")


async def test_a_kept_connection_is_made_anew(url: str, server: Server) -> None:
    kept = KeptConnection(url, timeout=5)
    async with kept.use() as first:
        await first.execute("SELECT 1")
    async with kept.use() as again:
        assert again is first
    _end_sessions(server, url)
    with pytest.raises(psycopg.Error):
        async with kept.use() as connection:
            await connection.execute("SELECT 1")
    async with kept.use() as connection:
        await connection.execute("SELECT 1")
    await kept.close()


async def test_a_kept_connection_is_given_up_when_it_takes_too_long(url: str) -> None:
    kept = KeptConnection(url, timeout=0.2)
    with pytest.raises(psycopg.Error):
        async with kept.use() as connection:
            await connection.execute("SELECT pg_sleep(30)")
    async with kept.use() as connection:
        await connection.execute("SELECT 1")
    await kept.close()


async def test_a_kept_connection_is_used_by_one_at_a_time(url: str) -> None:
    kept = KeptConnection(url, timeout=5)
    inside = 0

    async def use() -> None:
        nonlocal inside
        async with kept.use() as connection:
            inside += 1
            assert inside == 1
            await connection.execute("SELECT 1")
            inside -= 1

    await asyncio.gather(*(use() for _ in range(20)))
    await kept.close()


async def test_nobody_at_the_address_is_told(url: str) -> None:
    nowhere = urlsplit(url)._replace(path="/no_such_database").geturl()
    kept = KeptConnection(nowhere, timeout=5)
    with pytest.raises(DatabaseUnavailable):
        async with kept.use():
            pass
    async with _open(nowhere, seconds=0.5) as pool:
        with pytest.raises(DatabaseUnavailable):
            async with pool.connection():
                pass
