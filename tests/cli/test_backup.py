"""`kasparro backup`, `kasparro restore` and `kasparro db move`, as a person or a script uses them."""

import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kasparro.errors import ExitCode
from kasparro.postgres.sharing import Server
from tests.cli.conftest import Run
from tests.ingest.commands import fresh_ledger

_NOWHERE = "postgresql://me@127.0.0.1:1/kasparro"


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """The URL of a database without tables."""
    with fresh_ledger(server, "template0") as url:
        yield url


@pytest.fixture
def file(kasparro: Run, tmp_path: Path) -> Path:
    """A backup of a ledger with a run in it."""
    assert kasparro("ingest").returncode == ExitCode.OK
    made = kasparro("backup", "ledger.backup")
    assert made.returncode == ExitCode.OK, made.stderr
    assert "2 quotes" in made.stdout
    return tmp_path / "ledger.backup"


def _objects(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        [count] = found.fetchone() or (0,)
        return int(count)


def test_a_ledger_goes_into_a_folder_and_comes_back_elsewhere(kasparro: Run, empty: str, tmp_path: Path) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    (tmp_path / "backups").mkdir()
    told = json.loads(kasparro("backup", "backups", "--json").stdout)
    assert Path(told["file"]).parent == Path("backups") and told["digests"]["quotes"]["rows"] == 2
    checked = kasparro("restore", told["file"], "--check", DATABASE_URL=_NOWHERE)
    assert checked.returncode == ExitCode.OK and "is whole: 2 quotes" in checked.stdout
    restored = kasparro("restore", told["file"], DATABASE_URL=empty)
    assert restored.returncode == ExitCode.OK, restored.stderr
    assert "digests of 10 tables equal" in restored.stdout
    assert json.loads(kasparro("db", "digest", "--json", DATABASE_URL=empty).stdout) == told["digests"]
    again = json.loads(kasparro("ingest", "--json", DATABASE_URL=empty).stdout)
    assert again["run_id"] == 2 and again["steps"][0]["new"] == 0


def test_a_ledger_that_is_there_is_only_given_up_when_that_is_said(kasparro: Run, file: Path) -> None:
    before = kasparro("db", "digest", "--json").stdout
    for arguments, said in (((), "--replace"), (("--replace",), "--yes")):
        refused = kasparro("restore", str(file), *arguments)
        assert refused.returncode == ExitCode.USAGE and said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
    replaced = json.loads(kasparro("restore", str(file), "--replace", "--yes", "--json").stdout)
    assert replaced["replaced"]["quotes"] == 2 and replaced["compared"]
    assert kasparro("db", "digest", "--json").stdout == before


def test_a_file_is_not_overwritten_unless_that_is_said(kasparro: Run, file: Path) -> None:
    before = file.read_bytes()
    refused = kasparro("backup", str(file))
    assert refused.returncode == ExitCode.USAGE and "--overwrite" in refused.stderr
    assert file.read_bytes() == before
    assert kasparro("backup", str(file), "--overwrite").returncode == ExitCode.OK
    assert file.read_bytes() != before


def test_each_bad_file_is_told_in_a_line_and_changes_nothing(kasparro: Run, file: Path, empty: str) -> None:
    whole = file.read_bytes()
    for content, said in (
        (whole[:-9], "cut off"),
        (whole[:500] + b"?" + whole[501:], "altered"),
    ):
        file.write_bytes(content)
        told = kasparro("restore", str(file), DATABASE_URL=empty)
        assert told.returncode == ExitCode.INPUT and said in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1
    missing = kasparro("restore", "nowhere.backup", DATABASE_URL=empty)
    assert missing.returncode == ExitCode.INPUT and "No such file" in missing.stderr
    assert _objects(empty) == 0


def test_a_database_that_is_away_and_a_folder_that_is_not_there_are_told(kasparro: Run, tmp_path: Path) -> None:
    away = kasparro("backup", "some.backup", DATABASE_URL=_NOWHERE)
    assert away.returncode == ExitCode.DATABASE and "can't be reached" in away.stderr
    nowhere = kasparro("backup", "no/such/folder/some.backup")
    assert nowhere.returncode == ExitCode.INPUT and "no/such/folder" in nowhere.stderr
    assert list(tmp_path.glob("**/*.partial")) == [] and not (tmp_path / "some.backup").exists()


def test_a_full_disk_is_told_and_leaves_no_half_file(kasparro: Run, url: str, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "kasparro-small", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO listings (source, source_coin_id, name) SELECT 'x', md5(i::text),"
                               " md5((-i)::text) FROM generate_series(1, 5000) i")  # fmt: skip
        told = kasparro("backup", "small/ledger.backup")
        assert told.returncode == ExitCode.DISK and "no room" in told.stderr
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_ledger_moves_with_one_command(kasparro: Run, empty: str) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    before = kasparro("db", "digest", "--json").stdout
    moved = kasparro("db", "move", empty)
    assert moved.returncode == ExitCode.OK, moved.stderr
    assert f"DATABASE_URL={empty}" in moved.stdout and "equal" in moved.stdout
    assert kasparro("db", "digest", "--json", DATABASE_URL=empty).stdout == before
    assert kasparro("db", "digest", "--json").stdout == before, "the old one stays"
    again = kasparro("db", "move", empty)
    assert again.returncode == ExitCode.USAGE and "holds a ledger" in again.stderr


def test_a_move_that_can_t_be_is_told_and_changes_nothing(kasparro: Run, url: str, empty: str) -> None:
    away = kasparro("db", "move", _NOWHERE)
    assert away.returncode == ExitCode.DATABASE and "TO_URL" in away.stderr
    assert kasparro("db", "move", "somewhere").returncode == ExitCode.USAGE
    with psycopg.connect(url, autocommit=True) as worker:
        # As `store.claims` does for the source `csv`.
        worker.execute("SELECT pg_advisory_lock(%s, %s)", (0x6B61, zlib.crc32(b"csv") - 2**31))
        busy = kasparro("db", "move", empty)
    assert busy.returncode == ExitCode.BUSY and "csv" in busy.stderr
    assert _objects(empty) == 0
