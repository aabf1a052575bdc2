"""`kasparro retention`: bodies in files, found by everything that reads them, checked, and brought back."""

import json
from pathlib import Path

import psycopg
import pytest

from kasparro.errors import ExitCode
from tests.cli.conftest import Run

_OLD = ("retention", "--payloads-older-than", "0d", "--to", "archive")


@pytest.fixture
def archive(kasparro: Run, tmp_path: Path) -> Path:
    """The folder of the files of a ledger whose bodies were all moved."""
    assert kasparro("ingest").returncode == ExitCode.OK
    moved = kasparro(*_OLD, "--json")
    assert moved.returncode == ExitCode.OK, moved.stderr
    assert json.loads(moved.stdout)["payloads"] == 1
    return tmp_path / "archive"


def _body(url: str) -> tuple[bytes | None, str | None]:
    with psycopg.connect(url) as connection:
        [found] = connection.execute("SELECT body, moved_to FROM payloads").fetchall()
        return found[0], found[1]


def _quote(kasparro: Run) -> str:
    shown = kasparro("db", "shell", "-c", r"\copy (SELECT id FROM cleaned_data LIMIT 1) TO STDOUT")
    return shown.stdout.strip()


def test_everything_that_reads_bodies_finds_them(kasparro: Run, url: str, small_csv: Path, tmp_path: Path) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    digest = kasparro("db", "digest", "--json").stdout
    held, _ = _body(url)
    foretold = json.loads(kasparro(*_OLD[:3], "--dry-run", "--json").stdout)
    assert foretold["payloads"] == 1 and _body(url)[0] == held, "only told"
    assert (
        json.loads(kasparro("retention", "--payloads-older-than", "1d", "--to", "a", "--json").stdout)["payloads"] == 0
    )
    assert kasparro(*_OLD).returncode == ExitCode.OK
    assert _body(url) == (None, str(tmp_path / "archive"))
    [stored] = (tmp_path / "archive").glob("*/*")
    assert stored.read_bytes() == held and stored.name.startswith(stored.parent.name)
    assert kasparro("receipt", _quote(kasparro), "--payload", "out").returncode == ExitCode.OK
    assert (tmp_path / "out").read_bytes() == small_csv.read_bytes()
    [read] = json.loads(kasparro("reprocess", "--source", "csv", "--json").stdout)
    assert (read["records"], read["versions"], read["retractions"]) == (3, 0, 0)
    assert kasparro("replay").returncode == ExitCode.OK
    assert kasparro("db", "digest", "--json").stdout == digest
    assert json.loads(kasparro("retention", "--check", "--json").stdout)["payloads"] == 1


def test_the_same_bytes_again_stay_where_they_are(kasparro: Run, url: str, archive: Path, small_csv: Path) -> None:
    small_csv.rename(small_csv.with_name("other.csv"))
    again = kasparro("ingest", "--json", CSV_PATH=str(small_csv.with_name("other.csv")))
    assert again.returncode == ExitCode.OK and _body(url) == (None, str(archive))


def test_bodies_come_back_also_from_a_folder_that_moved(kasparro: Run, url: str, archive: Path) -> None:
    archive.rename(archive.with_name("elsewhere"))
    lost = kasparro("retention", "--back")
    assert lost.returncode == ExitCode.INPUT and str(archive) in lost.stdout
    back = kasparro("retention", "--back", "--to", "elsewhere")
    assert back.returncode == ExitCode.OK, back.stderr
    assert _body(url)[1] is None and _body(url)[0]
    assert kasparro("receipt", _quote(kasparro)).returncode == ExitCode.OK


def test_a_file_that_is_missing_or_altered_is_told(kasparro: Run, archive: Path) -> None:
    [stored] = archive.glob("*/*")
    whole = stored.read_bytes()
    quote = _quote(kasparro)
    for content, said, code in (
        (None, "No such file", ExitCode.INPUT),
        (whole[:-1] + b"?", "other bytes", ExitCode.DATABASE),
    ):
        stored.unlink() if content is None else stored.write_bytes(content)
        told = kasparro("receipt", quote)
        assert told.returncode == code and said in told.stderr and stored.name in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1
        checked = kasparro("retention", "--check")
        assert checked.returncode == ExitCode.INPUT and said in checked.stdout
    stored.write_bytes(whole)
    assert kasparro("retention", "--check").returncode == ExitCode.OK


def test_a_backup_says_which_bodies_are_not_in_it(kasparro: Run, archive: Path) -> None:
    told = kasparro("backup", "ledger.backup")
    assert f"1 payload bodies are not in it but in {archive}" in told.stdout


def test_what_can_t_be_written_leaves_the_body_in_the_table(kasparro: Run, url: str, tmp_path: Path) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    (tmp_path / "archive").write_text("in the way")
    told = kasparro(*_OLD)
    assert told.returncode == ExitCode.INPUT and "archive" in told.stderr
    assert _body(url)[0] and not list(tmp_path.glob("**/*.partial"))


def test_a_damaged_body_is_not_moved(kasparro: Run, url: str, tmp_path: Path) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE payloads SET body = 'damaged'")
    told = kasparro(*_OLD)
    assert told.returncode == ExitCode.INPUT and "other bytes" in told.stdout
    assert _body(url)[0] == b"damaged" and not list(tmp_path.glob("archive/*/*"))


def test_a_file_left_by_an_attempt_that_was_killed_is_used_or_mended(kasparro: Run, url: str, archive: Path) -> None:
    [stored] = archive.glob("*/*")
    whole = stored.read_bytes()
    for left in (whole, whole[:10]):
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE payloads SET body = %b, moved_to = NULL", (whole,))
        stored.write_bytes(left)
        assert kasparro(*_OLD).returncode == ExitCode.OK
        assert stored.read_bytes() == whole and _body(url)[0] is None


@pytest.mark.parametrize(
    "arguments",
    [["--payloads-older-than", "90d"], ["--payloads-older-than", "x", "--to", "a"], ["--back", "--check"]],
)
def test_wrong_arguments_are_told(kasparro: Run, arguments: list[str]) -> None:
    assert kasparro("retention", *arguments).returncode == ExitCode.USAGE
