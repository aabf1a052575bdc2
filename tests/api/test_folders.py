"""What the API shows of files names no folder, whatever the folder is called."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kasparro.errors import KasparroError
from kasparro.sources.csv import files
from kasparro.sources.csv.source import CsvSource

GOOD = "id,symbol,name,price_usd,last_updated\nbitcoin,BTC,Bitcoin,1,2026-01-01T00:00:00Z\n"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name has what separates words."""
    made = tmp_path / "my secret place" / "of (mine)"
    made.mkdir(parents=True)
    return made


def _is_discreet(text: str) -> bool:
    return not any(word in text for word in ("secret", "place", "mine", "/"))


def test_notes_and_errors_of_the_files_name_them_only(folder: Path) -> None:
    for name, content in {
        "a.csv": GOOD, "b.csv": GOOD, "odd.csv": "x;y\n1;2\n", "empty.csv": "", "latin.csv": GOOD.replace("Bi", "Bï"),
        "one.csv": GOOD.replace(",1,", ",2,"), "two.csv": GOOD.replace(",1,", ",3,"), "bad.csv": GOOD,
    }.items():  # fmt: skip
        (folder / name).write_text(content, encoding="latin-1")
    (folder / "torn.csv.gz").write_bytes(gzip.compress(GOOD.encode())[:-9])
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text('dataset = "same"\n')
    (folder / "bad.toml").write_text("nonsense = 1\n")
    told: list[str] = []
    before = {"file:a": {"offset": 9, "tail": 0, "prefix_sha256": "", "reading": {}, "complete": True}}
    for stream in (*CsvSource(str(folder)).plan({}, NOW), *CsvSource(str(folder / "a.csv")).plan(before, NOW)):
        told += stream.notes
        if stream.error is not None:
            told += [str(stream.error), str(getattr(stream.error, "remedy", ""))]
    for name in ("a.csv", "b.csv", "odd.csv", "empty.csv", "latin.csv", "two.csv", "bad.toml", "torn.csv.gz",
                 "changed, read again"):  # fmt: skip
        assert any(name in text for text in told), name
    assert [text for text in told if not _is_discreet(text.replace("docs/csv.md", "").replace("%d/%m/%Y", "")
                                                      .replace("Europe/Berlin", ""))] == []  # fmt: skip


@pytest.mark.parametrize("pattern", ["", "no.csv", "no*.csv"])
def test_files_that_are_not_there_neither(folder: Path, pattern: str) -> None:
    [stream] = CsvSource(str(folder / pattern)).plan({}, NOW)
    assert _is_discreet(str(stream.error).replace("(mine)", "").replace("of ", ""))


async def test_a_file_that_goes_or_breaks_while_it_is_read_neither(folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text(GOOD)
    source = CsvSource(str(path))
    [stream] = source.plan({}, NOW)
    path.unlink()
    with pytest.raises(KasparroError) as told:
        await source.fetch(stream.requests[0])
    assert _is_discreet(str(told.value)) and "a.csv" in str(told.value)
    assert _is_discreet(str(files.unreadable(OSError(6, "No such device", str(path)))))
