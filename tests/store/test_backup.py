"""Backups: one moment of the ledger in one file, and back; whatever goes wrong, nothing is changed."""

import json
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kasparro.postgres.dump
from kasparro.errors import ExitCode
from kasparro.postgres.dump import DiskFull, ToolFailed, ToolMissing, dump, find_tool
from kasparro.postgres.sharing import Server
from kasparro.store.backup import making, restoring
from kasparro.store.backup.emptying import InTheWay, NotEmpty
from kasparro.store.backup.file import NoBackup, append_manifest, check_archive, read_manifest
from kasparro.store.backup.making import make_backup
from kasparro.store.backup.manifest import Manifest
from kasparro.store.backup.replay import _Script
from kasparro.store.backup.restoring import Restored, RestoreFailed, RunActive, restore_backup
from kasparro.store.backup.snapshot import NoLedger, known_names
from kasparro.store.claims import claim
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import Digests, digest
from kasparro.store.errors import SchemaOutdated
from kasparro.store.keys import Scope, create_key, list_keys, revoke_key
from kasparro.store.schema import HEAD
from tests.api.serving import app_of, running
from tests.ingest.commands import fresh_ledger
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record
from tests.store.upgrading import make_first_ledger

_OBJECTS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %s AND NOT relispartition"""


@pytest.fixture
async def filled(connection: Connection) -> Connection:
    """A ledger with two loads, a correction, a rejected record, and text that has to be escaped."""
    desk, source = Desk(connection), Scripted()
    await desk.post(source, body(record("a", "1.5"), record("b", "1e-18"), record("broken", "x", bad="no\\.\n\ttab")))
    await desk.post(source, body(record("a", "1.25")), position=2)
    return connection


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """The URL of a database without tables."""
    with fresh_ledger(server, "template0") as url:
        yield url


@pytest.fixture
async def backup(filled: Connection, url: str, tmp_path: Path) -> Path:
    """A backup of that ledger."""
    file = tmp_path / "ledger.backup"
    await make_backup(url, file)
    return file


async def _restore(url: str, file: Path, *, replace: bool = False) -> Restored:
    manifest = read_manifest(file)
    check_archive(file, manifest, lambda done, of: None)
    return await restore_backup(url, file, manifest, sources=["scripted"], replace=replace)


async def _digest(url: str) -> Digests:
    connection = await connect(url)
    try:
        return await digest(connection)
    finally:
        await connection.close()


def _bytes(file: Path) -> bytes:
    return file.read_bytes()


def _with_manifest(file: Path, change: Callable[[Manifest], Manifest]) -> None:
    """Give a backup another manifest, as if it had been made so."""
    manifest = read_manifest(file)
    os.truncate(file, manifest.size)
    append_manifest(file, change(manifest))


async def test_what_was_backed_up_comes_back(filled: Connection, url: str, backup: Path, empty: str) -> None:
    restored = await _restore(empty, backup)
    assert restored.digests == await digest(filled) == await _digest(empty)
    assert restored.digests["quotes"]["rows"] == 3 and restored.compared
    with psycopg.connect(url) as one, psycopg.connect(empty) as two:
        for table in known_names("TABLE"):
            rows = f"SELECT t::text FROM {table} t ORDER BY 1".encode()
            assert one.execute(rows).fetchall() == two.execute(rows).fetchall(), table


async def test_the_restored_ledger_goes_on_where_the_other_was(filled: Connection, backup: Path, empty: str) -> None:
    await _restore(empty, backup)
    connection = await connect(empty)
    try:
        await Desk(filled).post(Scripted(), body(record("c", "7")), position=3)
        from kasparro.store.staging import create_staging

        await create_staging(connection)
        await Desk(connection).post(Scripted(), body(record("c", "7")), position=3)
        assert await digest(connection) == await digest(filled)
    finally:
        await connection.close()


async def test_it_is_one_file_that_is_nobody_else_s(backup: Path) -> None:
    assert os.listdir(backup.parent) == [backup.name]  # noqa: PTH208
    assert stat.S_IMODE(os.stat(backup).st_mode) == 0o600  # noqa: PTH116
    manifest = read_manifest(backup)
    assert (manifest.schema, manifest.rows["quotes"], manifest.elsewhere) == (HEAD, 3, {})


async def test_a_backup_is_of_one_moment_however_much_is_written_meanwhile(
    filled: Connection, url: str, tmp_path: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await digest(filled)

    async def write_first(tool: Path, address: str, file: Path, options: Sequence[str]) -> None:
        # The snapshot is taken, the archive isn't begun: writers don't wait, and it doesn't show what they write.
        await Desk(filled).post(Scripted(), body(record("late", "9")), position=3)
        await dump(tool, address, file, options)

    monkeypatch.setattr(making, "dump", write_first)
    await make_backup(url, tmp_path / "moment.backup")
    assert (await digest(filled))["quotes"]["rows"] == 4
    await _restore(empty, tmp_path / "moment.backup")
    assert await _digest(empty) == before


async def test_a_ledger_of_the_first_schema_is_backed_up_restored_and_migrated(
    server: Server, empty: str, tmp_path: Path
) -> None:
    with fresh_ledger(server, "template0") as old:
        make_first_ledger(old)
        before = await _digest(old)
        manifest = await make_backup(old, tmp_path / "old.backup")
        assert manifest.schema == "0001"
        assert (await _digest(old)) == before
    restored = await _restore(empty, tmp_path / "old.backup")
    assert (restored.migrated_from, restored.schema) == ("0001", HEAD)
    assert await _digest(empty) == before


async def test_a_ledger_that_is_not_empty_stays_unless_it_is_given_up(
    filled: Connection, url: str, backup: Path
) -> None:
    kept = await digest(filled)
    await Desk(filled).post(Scripted(), body(record("new", "5")), position=3)
    after = await digest(filled)
    with pytest.raises(NotEmpty) as told:
        await _restore(url, backup)
    assert told.value.exit_code is ExitCode.USAGE and await digest(filled) == after
    restored = await _restore(url, backup, replace=True)
    assert restored.replaced is not None and restored.replaced.version == 3
    assert await digest(filled) == kept


async def test_an_api_that_runs_shows_the_restored_ledger(filled: Connection, url: str, backup: Path) -> None:
    async with running(app_of(url)) as client:

        async def shown() -> object:
            return json.loads((await client.get("/data?crypto_id=a")).content)["data"][0]["price_usd"]

        assert await shown() == 1.25
        await Desk(filled).post(Scripted(), body(record("a", "99", "2026-03-02T00:00:00Z")), position=3)
        assert await shown() == 99
        await _restore(url, backup, replace=True)
        assert await shown() == 1.25


async def test_keys_revoked_since_the_backup_stay_revoked(connection: Connection, url: str, tmp_path: Path) -> None:
    await create_key(connection, name="leaked", scope=Scope.ADMIN, expires_at=None)
    await create_key(connection, name="good", scope=Scope.READ, expires_at=None)
    await make_backup(url, tmp_path / "keys.backup")
    [leaked] = [key for key in await list_keys(connection) if key.name == "leaked"]
    assert await revoke_key(connection, leaked.key_id)
    assert (await _restore(url, tmp_path / "keys.backup", replace=True)).keys_revoked_again == 1
    assert {key.name: bool(key.revoked_at) for key in await list_keys(connection)} == {"leaked": True, "good": False}


async def test_a_restore_that_fails_half_way_leaves_the_former_ledger(
    filled: Connection, url: str, backup: Path
) -> None:
    await Desk(filled).post(Scripted(), body(record("new", "5")), position=3)
    before = await digest(filled)
    manifest, seen = read_manifest(backup), []

    def stop(rows: int) -> None:
        seen.append(rows)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restore_backup(url, backup, manifest, sources=[], replace=True, tell=stop)
    assert len(seen) == 5 and await digest(filled) == before


async def test_what_comes_out_otherwise_than_it_went_in_is_refused(
    filled: Connection, url: str, backup: Path, empty: str
) -> None:
    before = await digest(filled)
    for change, table in (
        (lambda m: msgspec.structs.replace(m, digests=m.digests | {"quotes": {"rows": 3, "digest": "0"}}), "quotes"),
        (lambda m: msgspec.structs.replace(m, rows=m.rows | {"verdicts": 7}), "verdicts"),
    ):
        _with_manifest(backup, change)
        for address in (url, empty):
            with pytest.raises(RestoreFailed, match=table):
                await _restore(address, backup, replace=True)
    assert await digest(filled) == before
    with psycopg.connect(empty) as connection:
        assert connection.execute(_OBJECTS, ("r",)).fetchall() == []


async def test_digests_under_other_rules_are_not_compared_but_rows_are(backup: Path, empty: str) -> None:
    _with_manifest(backup, lambda m: msgspec.structs.replace(m, rules="other", digests={"quotes": {"digest": "0"}}))
    assert not (await _restore(empty, backup)).compared


async def test_a_server_that_runs_out_of_room_rolls_back(
    filled: Connection, url: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await digest(filled)

    async def full(connection: Connection) -> None:
        await connection.execute("DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$")

    monkeypatch.setattr(restoring, "upgrade_within", full)
    from kasparro.store.errors import DiskFull as ServerFull

    with pytest.raises(ServerFull):
        await _restore(url, backup, replace=True)
    assert await digest(filled) == before


async def test_nothing_is_restored_over_a_run(filled: Connection, url: str, backup: Path, empty: str) -> None:
    worker = await connect(url)
    try:
        assert await claim(worker, "scripted")
        with pytest.raises(RunActive) as told:
            await _restore(url, backup, replace=True)
        assert told.value.exit_code is ExitCode.BUSY
    finally:
        await worker.close()
    assert await value(filled, "SELECT count(*) FROM quotes") == 3


async def test_what_other_programs_keep_beside_the_ledger_is_left_alone(
    filled: Connection, url: str, tmp_path: Path, empty: str
) -> None:
    await filled.execute("CREATE TABLE theirs AS SELECT 1 AS n")
    await make_backup(url, tmp_path / "ours.backup")
    await _restore(url, tmp_path / "ours.backup", replace=True)
    assert await value(filled, "SELECT n FROM theirs") == 1
    await _restore(empty, tmp_path / "ours.backup")
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('theirs')").fetchone() == (None,)
    await filled.execute("CREATE VIEW their_view AS SELECT * FROM quotes")
    with pytest.raises(InTheWay, match="their_view"):
        await _restore(url, tmp_path / "ours.backup", replace=True)
    assert await value(filled, "SELECT count(*) FROM their_view") == 3


async def test_who_owns_neither_database_nor_schema_can_restore(url: str, backup: Path, empty: str) -> None:
    guest = f"restorer_{os.getpid()}"
    with psycopg.connect(empty, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {guest}".encode())
        try:
            owner.execute(f"GRANT CREATE ON SCHEMA public TO {guest}".encode())
            restored = await _restore(f"{empty}&options=-c%20role%3D{guest}", backup)
            assert restored.digests == await _digest(url)
        finally:
            owner.execute(f"DROP OWNED BY {guest}".encode())
            owner.execute(f"DROP ROLE {guest}".encode())


async def test_the_known_names_are_those_that_there_are(connection: Connection) -> None:
    tables = set(known_names("TABLE"))
    found = [row[0] for kind in "rp" for row in await (await connection.execute(_OBJECTS, (kind,))).fetchall()]
    assert set(found) == tables
    views = await (await connection.execute(_OBJECTS, ("v",))).fetchall()
    assert {row[0] for row in views} == set(known_names("VIEW"))
    functions = await connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert {row[0] for row in await functions.fetchall()} == set(known_names("FUNCTION"))


async def test_a_database_without_a_ledger_or_with_a_newer_one_is_not_backed_up(
    empty: str, url: str, connection: Connection, tmp_path: Path
) -> None:
    with pytest.raises(NoLedger):
        await make_backup(empty, tmp_path / "none.backup")
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdated, match="newer"):
        await make_backup(url, tmp_path / "none.backup")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def _says(file: Path, content: bytes) -> str:
    """Why a file with this content is no backup."""
    file.write_bytes(content)
    with pytest.raises(NoBackup) as told:
        check_archive(file, read_manifest(file), lambda done, of: None)
    return told.value.message


async def test_a_file_that_was_cut_off_anywhere_is_no_backup(backup: Path) -> None:
    manifest, whole = read_manifest(backup), _bytes(backup)
    for length in (100, manifest.size, manifest.size + 50, len(whole) - 1):
        assert "is cut off" in _says(backup, whole[:length])
    assert "not a backup" in _says(backup, whole[:3]) and "not a backup" in _says(backup, b"")


async def test_a_file_in_which_a_byte_changed_is_told(backup: Path) -> None:
    manifest, whole = read_manifest(backup), _bytes(backup)
    for at in (10, manifest.size // 2, manifest.size - 1, manifest.size + 5, len(whole) - 120, len(whole) - 20):
        assert "was altered" in _says(backup, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_files_that_are_not_there_or_something_else_are_told(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("a letter")
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "directory"), (other, "not a backup")):
        with pytest.raises(NoBackup, match=said) as told:
            read_manifest(path)
        assert told.value.exit_code is ExitCode.INPUT


async def test_a_backup_of_a_later_version_says_to_upgrade(backup: Path) -> None:
    _with_manifest(backup, lambda m: msgspec.structs.replace(m, schema="9999", kasparro="99.1"))
    with pytest.raises(SchemaOutdated, match=r"99\.1") as told:
        read_manifest(backup)
    assert "Upgrade" in told.value.remedy


class _Tool:
    """Programs that stand in for PostgreSQL's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, name: str, script: str) -> Path:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path


async def test_a_password_is_in_nobody_s_sight(tmp_path: Path) -> None:
    tool = _Tool(tmp_path).make("pg_dump", f'echo "$@" > {tmp_path}/said; echo "$PGPASSWORD" > {tmp_path}/secret')
    await dump(tool, "postgresql://me:hunter%202@host:1/base?sslmode=require", tmp_path / "out", [])
    said = (tmp_path / "said").read_text()
    assert "hunter" not in said and "sslmode=require" in said and "host=host" in said
    assert (tmp_path / "secret").read_text() == "hunter 2\n"


async def test_what_the_program_says_is_told_in_one_line(tmp_path: Path) -> None:
    tools = _Tool(tmp_path)
    refused = tools.make("one", 'echo "pg_dump: error: permission denied for table quotes" >&2; exit 1')
    with pytest.raises(ToolFailed, match=r"permission denied for table quotes\. "):
        await dump(refused, "postgresql://host/base", tmp_path / "out", [])
    full = tools.make("two", 'echo "pg_dump: error: could not write: No space left on device" >&2; exit 1')
    with pytest.raises(DiskFull) as told:
        await dump(full, "postgresql://host/base", tmp_path / "out", [])
    assert told.value.exit_code is ExitCode.DISK


def test_the_program_that_fits_the_server_best_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = _Tool(tmp_path)
    made = [tools.make(f"pg_dump{n}", f'echo "pg_dump (PostgreSQL) {n}.3"') for n in (18, 15, 16)]
    monkeypatch.setattr(kasparro.postgres.dump, "_candidates", lambda name: made)
    assert find_tool("pg_dump", 16) == made[2]
    with pytest.raises(ToolMissing, match="18, too old where 19 is needed"):
        find_tool("pg_dump", 19)
    monkeypatch.setattr(kasparro.postgres.dump, "_candidates", lambda name: [])
    with pytest.raises(ToolMissing, match="pg_dump is not installed"):
        find_tool("pg_dump", 15)


@given(st.lists(st.text("ab\\.\n\t", max_size=6), max_size=6), st.integers(1, 9))
async def test_data_is_told_from_statements_wherever_chunks_end(cells: list[str], size: int) -> None:
    escaped = [cell.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") for cell in cells]
    data = "".join(f"{cell}\n" for cell in escaped).encode()
    text = b"COPY t (a) FROM stdin;\n" + data + b"\\.\n\nSELECT 1;\n"

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    script = _Script(chunks())
    assert await script.line() == b"COPY t (a) FROM stdin;\n"
    assert b"".join([part async for part in script.data()]) == data
    assert [await script.line() for _ in range(3)] == [b"\n", b"SELECT 1;\n", None]


async def test_the_manifest_is_json_that_people_can_read(backup: Path) -> None:
    text = _bytes(backup)[read_manifest(backup).size :].splitlines()[0]
    assert json.loads(text)["digests"]["quotes"]["rows"] == 3
