"""A ledger of the first schema, brought to today's: nothing is lost, and everything works on it."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.digest import Digests, digest
from kasparro.store.schema import HEAD, migrate, upgrade_within
from tests.api.serving import app_of, running
from tests.ingest.commands import Commands, fresh_ledger
from tests.store.upgrading import make_first_ledger

_TABLES = """
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
_SHAPE = """
SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
  FROM information_schema.columns WHERE table_schema = 'public'
 UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
 UNION ALL SELECT 'rule', conrelid::regclass::text || conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
 UNION ALL SELECT 'trigger', tgrelid::regclass::text || tgname, pg_get_triggerdef(oid) FROM pg_trigger
            WHERE NOT tgisinternal
 UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
 UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'
 ORDER BY 1, 2, 3"""


@pytest.fixture
def first(server: Server) -> Iterator[str]:
    """The URL of a ledger of schema 0001."""
    with fresh_ledger(server, "template0") as url:
        make_first_ledger(url)
        yield url


async def _digest(url: str) -> Digests:
    connection = await connect(url)
    try:
        return await digest(connection)
    finally:
        await connection.close()


def _columns_then(url: str) -> dict[str, list[str]]:
    """table -> its columns, but for those that change by nature."""
    with psycopg.connect(url) as connection:
        return {
            name: [
                column.name
                for column in connection.execute(f"SELECT * FROM {name} LIMIT 0".encode()).description or []
                if column.name != "version_num"
            ]
            for (name,) in connection.execute(_TABLES).fetchall()
        }


def _content(url: str, columns: dict[str, list[str]]) -> dict[str, list[str]]:
    with psycopg.connect(url) as connection:
        return {
            name: sorted(
                str(row) for row in connection.execute(f"SELECT {', '.join(known)} FROM {name}".encode()).fetchall()
            )
            for name, known in columns.items()
            if known
        }


async def test_nothing_is_lost_on_the_way(first: str) -> None:
    columns = _columns_then(first)
    before, digests = _content(first, columns), await _digest(first)
    assert sum(map(len, before.values())) > 100 and digests["quotes"]["rows"] == 16
    migrate(first)
    assert await _digest(first) == digests
    # Every row of every table of that time, each value of it, is as it was.
    assert _content(first, columns) == before


async def test_everything_works_on_it(first: str, tmp_path: Path) -> None:
    migrate(first)
    (tmp_path / "prices.csv").write_text("id,symbol,price_usd,last_updated\nbitcoin,BTC,1,2026-05-01T00:00:00Z\n")
    commands = Commands(tmp_path, DATABASE_URL=first, CSV_PATH=tmp_path / "prices.csv", ETL_SOURCES="csv")
    before = commands.json("db", "digest")
    for read in commands.json("reprocess"):
        assert (read["versions"], read["retractions"], read["coins"]) == (0, 0, 0), read
    assert commands.json("db", "digest") == before
    quote = (14 << 20) | 0
    receipt = commands.json("receipt", str(quote))
    assert receipt["run_id"] == 2 and "bitcoin" in receipt["record"]
    with psycopg.connect(first) as connection:
        totals = connection.execute("SELECT sum(quotes) FROM checkpoints").fetchone()
    assert totals == (16,)
    assert commands.json("ingest")["steps"][0]["new"] == 1
    async with running(app_of(first)) as client:
        data = json.loads((await client.get("/data?symbol=btc&source=csv")).content)
        assert [row["price_usd"] for row in data["data"]] == [1]
        assert (await client.get(f"/quotes/{quote}/receipt/payload")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


async def test_the_upgrade_within_a_transaction_is_the_same_as_alembic_s(first: str, server: Server) -> None:
    with fresh_ledger(server, "template0") as other:
        make_first_ledger(other)
        connection = await connect(other)
        try:
            async with connection.transaction():
                assert await upgrade_within(connection) == HEAD
            assert await upgrade_within(connection) is None
        finally:
            await connection.close()
        migrate(first)
        with psycopg.connect(first) as one, psycopg.connect(other) as two:
            shape = one.execute(_SHAPE).fetchall()
            assert len(shape) > 100 and two.execute(_SHAPE).fetchall() == shape
            assert two.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
