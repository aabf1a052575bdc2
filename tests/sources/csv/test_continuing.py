"""A file is known by its content: appended, changed, renamed, copied, and read after a crash."""

import gzip
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kasparro.errors import Skippable
from kasparro.sources.csv import CsvSource

Read = Callable[..., Awaitable[Any]]
Write = Callable[[str, str | bytes], Path]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEADER = "id,price,date\n"
ROWS = [f"coin-{n},{n}.5,2024-01-{n % 28 + 1:02d}\n" for n in range(10)]


def ids(result: Any) -> list[str]:
    return [quote.source_coin_id for quote in result.quotes]


async def test_an_unchanged_file_isn_t_due(read: Read, write: Write) -> None:
    file = write("coins.csv", HEADER + "".join(ROWS))
    first = await read(file, batch_size=3)
    again = await read(file, first.checkpoints)
    assert len(ids(first)) == 10
    assert (again.streams, again.checkpoints) == ([], first.checkpoints)


async def test_a_touched_file_isn_t_due(read: Read, write: Write) -> None:
    file = write("coins.csv", HEADER + "".join(ROWS))
    first = await read(file)
    file.touch()
    assert (await read(file, first.checkpoints)).streams == []


async def test_an_appended_file_continues_where_it_ended(read: Read, write: Write) -> None:
    first = await read(write("coins.csv", HEADER + "".join(ROWS[:6])))
    second = await read(write("coins.csv", HEADER + "".join(ROWS)), first.checkpoints)
    assert ids(second) == [f"coin-{n}" for n in range(6, 10)]
    assert "goes on at byte" in second.notes
    whole = await read(write("coins.csv", HEADER + "".join(ROWS)))
    ours, theirs = second.checkpoints["file:coins"], whole.checkpoints["file:coins"]
    assert {**ours, "position": 0} == {**theirs, "position": 0}


@pytest.mark.parametrize("rest", ["\n" + ROWS[2], "9\n", "0,more\n"])
async def test_a_last_line_without_end_is_read_and_read_again_when_it_grows(
    read: Read, write: Write, rest: str
) -> None:
    start = HEADER + ROWS[0] + "coin-1,1.5,2024-01-2"
    first = await read(write("coins.csv", start))
    assert len(first.quotes) + len(first.rejections) == 2
    assert (await read(write("coins.csv", start), first.checkpoints)).streams == []
    second = await read(write("coins.csv", start + rest), first.checkpoints)
    body = b"".join(payload.body for payload in second.payloads)
    assert body == ("coin-1,1.5,2024-01-2" + rest).encode()


async def test_a_changed_file_is_read_again_from_its_start(read: Read, write: Write) -> None:
    first = await read(write("coins.csv", HEADER + "".join(ROWS)))
    second = await read(write("coins.csv", HEADER + ROWS[1].replace("1.5", "7") + "".join(ROWS[1:])), first.checkpoints)
    assert len(ids(second)) == 10
    assert "changed, read again from its start" in second.notes
    assert list(second.checkpoints) == ["file:coins"]


async def test_a_shortened_file_is_read_again(read: Read, write: Write) -> None:
    first = await read(write("coins.csv", HEADER + "".join(ROWS)))
    second = await read(write("coins.csv", HEADER + "".join(ROWS[:4])), first.checkpoints)
    assert len(ids(second)) == 4


async def test_a_renamed_file_keeps_its_dataset(read: Read, write: Write) -> None:
    old = write("btc-usd-max.csv", "snapped_at,price,market_cap,total_volume\n2016-02-03 00:00:00 UTC,2.4,1,1\n")
    first = await read(old)
    new = old.rename(old.with_name("prices.csv"))
    assert (await read(new, first.checkpoints)).streams == []
    appended = await read(write(new.name, new.read_text() + "2016-02-04 00:00:00 UTC,2.5,1,1\n"), first.checkpoints)
    assert ids(appended) == ["BTC"]
    assert [s.name for s in appended.streams] == ["file:btc-usd-max"]


async def test_a_copy_isn_t_read_twice(read: Read, write: Write) -> None:
    file = write("a.csv", HEADER + "".join(ROWS))
    write("b.csv", HEADER + "".join(ROWS))
    both = await read(file.parent)
    assert list(both.checkpoints) == ["file:a"]
    assert "b.csv: holds the same bytes as" in both.notes
    assert (await read(file.parent, both.checkpoints)).streams == []
    write("b.csv", HEADER + "".join(ROWS) + "more,1,2024-01-01\n")
    grown = await read(file.parent, both.checkpoints)
    assert [s.name for s in grown.streams] == ["file:b"]


async def test_the_same_name_in_two_directories(read: Read, write: Write, tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        write(f"{place}/coins.csv", HEADER + ROWS[len(place) % 2] + f"{place},1,2024-01-01\n")
    first = await read(tmp_path / "*" / "coins.csv")
    assert [s.name for s in first.streams] == ["file:coins", "file:two/coins"]
    assert (await read(tmp_path / "*" / "coins.csv", first.checkpoints)).streams == []
    write("two/coins.csv", HEADER + ROWS[5])
    assert [s.name for s in (await read(tmp_path / "*" / "coins.csv", first.checkpoints)).streams] == ["file:two/coins"]


async def test_no_dataset_shows_where_its_file_lies(read: Read, write: Write, tmp_path: Path) -> None:
    places = [f"{top}/same/coins" for top in ("a", "b", "c", "d", "e", "f")]
    for number, place in enumerate(places):
        (tmp_path / place).mkdir(parents=True)
        write(f"{place}/coins.csv", HEADER + ROWS[number % 2] + f"coin{number},1,2024-01-01\n")
    first = await read(tmp_path / "*" / "same" / "coins" / "coins.csv")
    names = ["coins", "coins/coins", "coins.csv", "coins/coins.csv", "coins/coins.csv (2)", "coins/coins.csv (3)"]
    assert [s.name for s in first.streams] == [f"file:{name}" for name in names]
    assert (await read(tmp_path / "*" / "same" / "coins" / "coins.csv", first.checkpoints)).streams == []
    write(f"{places[5]}/coins.csv", HEADER + ROWS[5])
    changed = await read(tmp_path / "*" / "same" / "coins" / "coins.csv", first.checkpoints)
    assert [s.name for s in changed.streams] == ["file:coins/coins.csv (3)"]


async def test_a_compressed_copy_is_the_same_file(read: Read, write: Write) -> None:
    content = (HEADER + "".join(ROWS)).encode()
    plain = await read(write("coins.csv", content))
    packed = write("packed.csv.gz", gzip.compress(content))
    assert (await read(packed, plain.checkpoints)).streams == []
    fresh = await read(packed, batch_size=4)
    assert b"".join(p.body for p in fresh.payloads) == content
    assert [s.name for s in fresh.streams] == ["file:packed"]


async def test_an_interrupted_read_resumes_at_its_offset(read: Read, write: Write) -> None:
    file = write("coins.csv", HEADER + "".join(ROWS))
    whole = await read(file, batch_size=4)
    source = CsvSource(str(file), batch_size=4)
    (stream,) = source.plan({}, NOW)
    payload = await source.fetch(stream.requests[0])
    cursor = source.advance(stream.cursor, stream.requests[0], payload, complete=False)
    await source.close()
    resumed = await read(file, {stream.name: cursor}, batch_size=4)
    assert ids(resumed) == ids(whole)[4:]
    assert resumed.checkpoints == whole.checkpoints


async def test_a_header_is_no_row_of_a_batch(read: Read, write: Write) -> None:
    whole = await read(write("coins.csv", HEADER + "".join(ROWS)), batch_size=len(ROWS) // 2)
    assert [payload.body.count(b"\n") for payload in whole.payloads] == [len(ROWS) // 2 + 1, len(ROWS) // 2]


async def test_a_repeated_fetch_gives_the_same_bytes(write: Write) -> None:
    source = CsvSource(str(write("coins.csv", HEADER + "".join(ROWS))), batch_size=4)
    (stream,) = source.plan({}, NOW)
    first = await source.fetch(stream.requests[0])
    again = await source.fetch(stream.requests[0])
    assert (first.body, first.about) == (again.body, again.about)
    await source.close()


async def test_a_file_changed_while_it_is_read_stops_the_stream(write: Write) -> None:
    file = write("coins.csv", HEADER + "".join(ROWS))
    source = CsvSource(str(file), batch_size=4)
    (stream,) = source.plan({}, NOW)
    payload = await source.fetch(stream.requests[0])
    (following,) = source.parse(stream.requests[0], payload).follow
    await source.close()
    write("coins.csv", HEADER + "".join(reversed(ROWS)))
    with pytest.raises(Skippable, match="changed while it was read"):
        await source.fetch(following)


async def test_a_changed_mapping_reads_again(read: Read, write: Write) -> None:
    file = write("coins.csv", HEADER + "".join(ROWS))
    first = await read(file)
    write("coins.toml", '[columns]\nsymbol = "id"\nprice = "price"\ntime = "date"\n')
    second = await read(file, first.checkpoints)
    assert len(ids(second)) == 10
    assert (await read(file, second.checkpoints)).streams == []
