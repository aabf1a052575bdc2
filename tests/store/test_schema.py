"""The schema and the way to it: migrations, rights, and what is said when something is missing."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

import kasparro.store.schema
from kasparro.ingest.progress import Quiet
from kasparro.ingest.replay import replay
from kasparro.ingest.reprocess import reprocess
from kasparro.ingest.run import run_ingest
from kasparro.postgres.sharing import Server
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseUnavailable, SchemaOutdated
from kasparro.store.schema import HEAD, make_partitions, migrate, require_schema, revision
from tests.ingest.commands import Commands, fresh_ledger
from tests.ingest.looking import Desk, rows, value
from tests.ingest.scripted import Scripted, body, record

_GUEST = f"guest_{os.getpid()}"
_WAITING = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"""
_REVISIONS = Path(kasparro.store.schema.__file__).parent / "migrations" / "versions"


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """The URL of a database without tables."""
    with fresh_ledger(server, "template0") as url:
        yield url


@pytest.fixture
def guest(url: str, server: Server) -> Iterator[str]:
    """The URL of a ledger as a user without any rights on it."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {_GUEST} LOGIN")
        owner.execute(f"GRANT {_GUEST} TO CURRENT_USER")
    yield _with_option(url, f"-c role={_GUEST}")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"DROP OWNED BY {_GUEST}")
        owner.execute(f"DROP ROLE {_GUEST}")


def _with_option(url: str, option: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&options={option.replace(' ', '%20').replace('=', '%3D')}"))


def test_the_head_is_the_newest_revision_file() -> None:
    assert max(path.name[:4] for path in _REVISIONS.glob("[0-9]*_*.py")) == HEAD


async def test_a_database_without_tables_says_what_to_run(empty: str) -> None:
    with pytest.raises(SchemaOutdated, match="no tables yet") as told:
        await run_ingest(empty, [Scripted()], progress=Quiet())
    assert "kasparro db migrate" in told.value.remedy


@pytest.mark.parametrize(("found", "remedy"), [("0000", "kasparro db migrate"), ("9999", "Upgrade Kasparro")])
async def test_a_schema_of_another_version_says_what_to_do(
    url: str, connection: Connection, found: str, remedy: str
) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = %s", (found,))
    for attempt in (
        run_ingest(url, [Scripted()], progress=Quiet()),
        reprocess(url, Scripted(), tell=lambda done, of: None),
    ):
        with pytest.raises(SchemaOutdated, match=found) as told:
            await attempt
        assert remedy in told.value.remedy
    assert await value(connection, "SELECT count(*) FROM etl_runs") == 0


async def test_a_newer_schema_is_not_migrated(url: str, connection: Connection) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdated, match="newer"):
        migrate(url)


async def test_migrating_is_done_once_by_however_many_at_once_it_is_asked_for(empty: str, tmp_path: Path) -> None:
    commands = Commands(tmp_path, DATABASE_URL=empty)
    for command in [commands.start("db", "migrate") for _ in range(3)]:
        with command:
            _, said = command.communicate(timeout=60)
            assert command.returncode == 0, said
    connection = await connect(empty)
    try:
        assert await revision(connection) == HEAD
        await require_schema(connection)
    finally:
        await connection.close()


async def test_a_database_that_is_not_there_is_told_with_a_remedy(url: str) -> None:
    missing = urlunsplit(urlsplit(url)._replace(path="/nobody_made_this"))
    with pytest.raises(DatabaseUnavailable, match="nobody_made_this") as told:
        await run_ingest(missing, [Scripted()], progress=Quiet())
    assert "DATABASE_URL" in told.value.remedy
    with pytest.raises(DatabaseUnavailable, match="nobody_made_this") as told:
        migrate(missing)
    assert "DATABASE_URL" in told.value.remedy


async def test_a_password_is_never_told(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as told:
        await connect("postgresql://somebody:hunter2@127.0.0.1:1/kasparro")
    assert "hunter2" not in str(told.value)


async def test_a_user_without_rights_is_told_what_to_grant(guest: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="permission denied") as told:
        await run_ingest(guest, [Scripted(body(record("a", "1")))], progress=Quiet())
    assert "Grant" in told.value.remedy


async def test_a_user_who_may_only_read_is_told_what_to_grant(guest: str, connection: Connection) -> None:
    await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {_GUEST}".encode())
    with pytest.raises(DatabaseUnavailable, match="permission denied") as told:
        await run_ingest(guest, [Scripted(body(record("a", "1")))], progress=Quiet())
    assert "Grant" in told.value.remedy


def test_a_user_who_may_not_make_tables_is_told_what_to_grant(url: str, guest: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP TABLE alembic_version")
    with pytest.raises(DatabaseUnavailable, match="permission denied") as told:
        migrate(guest)
    assert "Grant" in told.value.remedy


async def test_the_months_from_now_on_have_partitions_without_gaps(connection: Connection) -> None:
    await make_partitions(connection)
    names = [
        row[0]
        for row in await rows(connection, "SELECT relid::regclass::text FROM pg_partition_tree('quotes') WHERE isleaf")
    ]
    months = sorted(int(name[-6:-2]) * 12 + int(name[-2:]) for name in names if name != "quotes_past")
    now = datetime.now(UTC)
    assert months[-1] >= now.year * 12 + now.month + 1
    assert all(later - one == 1 for one, later in pairwise(months))


async def _forget_partitions(connection: Connection) -> None:
    for (name,) in await rows(connection, "SELECT relid::regclass::text FROM pg_partition_tree('quotes') WHERE isleaf"):
        if name != "quotes_past":
            await connection.execute(f"DROP TABLE {name}".encode())


async def test_two_processes_make_the_same_partition_only_once(url: str, connection: Connection) -> None:
    await _forget_partitions(connection)
    other = await connect(url)
    try:
        async with connection.transaction():
            await make_partitions(connection)
            second = asyncio.create_task(make_partitions(other))
            async with asyncio.timeout(30):
                while not await value(connection, _WAITING):  # noqa: ASYNC110
                    await asyncio.sleep(0)
        await second
    finally:
        await other.close()


async def test_a_replay_long_after_the_last_run_finds_a_partition(url: str, desk: Desk, source: Scripted) -> None:
    now = datetime.now(UTC)
    await desk.post(source, body(record("a", "1", now.isoformat(), bad="no")))
    await _forget_partitions(desk.connection)
    source.read = lambda sent: {key: found for key, found in sent.items() if key != "bad"}
    assert (await replay(url, source)).counts.new == 1
