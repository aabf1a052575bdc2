"""Files that can't be read, each with one clear error, and those beside them that can."""

import gzip
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kasparro.errors import Skippable
from kasparro.sources.contract import Source, Stream
from kasparro.sources.csv import CsvSource
from kasparro.sources.csv.dialect import CHUNK_BYTES

Read = Callable[..., Awaitable[Any]]
Write = Callable[[str, str | bytes], Path]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = "id,price\nbitcoin,98000\n"


def planned(pattern: Path | str) -> list[Stream]:
    return list(CsvSource(str(pattern)).plan({}, NOW))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"id,name,price\n", "a header but no rows"),
        (b"PK\x03\x04\x00\x01", "a ZIP archive or an Excel workbook, not CSV"),
        (bytes(range(256)) * 20, "a binary file"),
        ("id,price\nbitcoin,1\n".encode("utf-16"), "UTF-16"),
        (b"<html><body>429</body></html>", "HTML, XML or JSON"),
        (b'{"error": "limit"}', "HTML, XML or JSON"),
        (b"id,price\rbitcoin,1\rether,2", "carriage returns only"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-9], "the gzip file is damaged"),
        (b"just words\nin lines\n", "isn't understood"),
        (b"colour,weight\nred,5\n", "no column is known as a price"),
        (b"open,high,low,close\n1,2,1,1\n", "its candles have no date"),
        (b"date,open,high,low,close\n2024-01-01 05:00,1,2,1,1\n", "period of its candles can't be told"),
        (b"symbol,price,date\nBTC,1,01/02/2024\n", "day/month or month/day"),
        (b"symbol,price,date\nBTC,1,soon\n", "have no known form"),
        (b"price\n5\n6\n", "nothing says whose price it holds"),
        (b"date,time,open,high,low,close\n20240101,1000,1,2,1,1\n", "a time such as '1000'"),
        (b"1,2,3,4\n5,6,7,8\n", "it has no header"),
    ],
)
def test_refused(write: Write, content: bytes, error: str) -> None:
    (stream,) = planned(write("x.csv", content))
    assert isinstance(stream.error, Skippable)
    assert error in stream.error.message
    assert stream.error.remedy
    assert stream.requests == ()


def test_a_refusal_shows_what_was_seen_and_a_mapping_to_start_from(write: Write, read: Read) -> None:
    file = write("x.csv", "Datum;Coin;Kurs (EUR)\n31.12.2024;bitcoin;90.000,5\n")
    (stream,) = planned(file)
    assert stream.error is not None
    assert "delimiter ';', header: Datum | Coin | Kurs (EUR)" in stream.error.message
    starter = stream.error.remedy.partition("starting from:\n")[2]
    assert 'time = "Datum"' in starter
    assert 'id = "Coin"' in starter
    write("x.csv.toml", starter.replace('# price = "Datum"', 'price = "Kurs (EUR)"'))
    assert planned(file)[0].error is None


@pytest.mark.parametrize(
    ("pattern", "error"),
    [("nothing.csv", "there is no file"), ("*.csv", "no file matches"), ("", "holds no CSV file")],
)
def test_a_pattern_without_files(tmp_path: Path, pattern: str, error: str) -> None:
    (stream,) = planned(tmp_path / pattern)
    assert stream.error is not None
    assert error in stream.error.message
    assert "CSV_PATH" in stream.error.remedy


async def test_a_broken_file_leaves_the_others_alone(write: Write) -> None:
    write("a.csv", GOOD)
    write("b.csv", b"")
    write("c.tsv", GOOD.replace(",", "\t").replace("98000", "4"))
    write("d.CSV.gz", gzip.compress(b"x,"))
    write("notes.txt", "not taken from a directory")
    streams = planned(write("e.csv", GOOD.replace("98000", "5")).parent)
    assert {s.name: s.error is None for s in streams} == {
        "file:a": True,
        "file:c": True,
        "file:e": True,
        "file:b": False,
        "file:d": False,
    }


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (stream,) = planned(tmp_path / "pipe.csv")
    assert "isn't a regular file" in str(stream.error)


async def test_a_row_longer_than_a_chunk_is_a_clear_error(read: Read, write: Write) -> None:
    giant = b"x" * (CHUNK_BYTES + 10)
    with pytest.raises(Skippable, match=r"the row at byte 24 is longer than 8 MB"):
        await read(write("x.csv", GOOD.encode() + b"\n" + giant))


async def test_damage_in_the_middle_keeps_the_rows_before_it(write: Write) -> None:
    content = ("id,price\n" + "".join(f"coin-{n},{n * 7919 % 1000}\n" for n in range(60_000))).encode()
    packed = gzip.compress(content)
    source = CsvSource(str(write("x.csv.gz", packed[: len(packed) // 2])))
    (stream,) = source.plan({}, NOW)
    requests, rows = list(stream.requests), 0
    with pytest.raises(Skippable, match="the gzip file is damaged"):
        while requests:
            request = requests.pop()
            parsed = source.parse(request, await source.fetch(request))
            rows += len(parsed.quotes)
            requests += parsed.follow
    assert rows > 10_000
    await source.close()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("id,name,price\ncafe,Café,1\n".encode("cp1252"), "Café"),
        (b"\xef\xbb\xbfid,name,price\ncafe,Caf\xc3\xa9,1\n", "Café"),
        (b"sep=,\r\nid,name,price\r\ncafe,Caf\xc3\xa9,1\r\n", "Café"),
        (b"# made by hand\n# twice\nid,name,price\ncafe,Caf\xc3\xa9,1\n", "Café"),
        (b"#id,name,price\ncafe,Caf\xc3\xa9,1\n", "Café"),
    ],
)
async def test_encodings_and_lines_before_the_header(read: Read, write: Write, content: bytes, name: str) -> None:
    result = await read(write("x.csv", content))
    assert [(q.source_coin_id, q.name) for q in result.quotes] == [("cafe", name)]
    assert ("not UTF-8, read as cp1252" in result.notes) == (b"\xe9" in content)
    assert result.payloads[0].body == content


def test_it_keeps_the_contract() -> None:
    source: Source = CsvSource("nothing.csv")
    assert (source.name, source.parser, source.concurrency) == ("csv", "csv/1", 1)


async def test_memory_stays_bounded(write: Write) -> None:
    rows = 120_000
    file = write("x.csv", "id,price\n" + "".join(f"coin-{n},{n}\n" for n in range(rows)))
    source = CsvSource(str(file), batch_size=5_000)
    (stream,) = source.plan({}, NOW)
    requests, sizes, count = list(stream.requests), [], 0
    while requests:
        request = requests.pop()
        payload = await source.fetch(request)
        parsed = source.parse(request, payload)
        sizes.append(len(payload.body))
        count += len(parsed.quotes)
        requests += parsed.follow
    assert count == rows
    assert max(sizes) < 100_000
    await source.close()
