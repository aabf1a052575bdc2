"""Rows to records: each row is a quote or a rejection, wherever the chunks are cut."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kasparro.market.rejection import Reason
from kasparro.sources.contract import Payload, RefusedPayload, Request
from kasparro.sources.csv import CsvSource

Read = Callable[..., Awaitable[Any]]
Write = Callable[[str, str | bytes], Path]
HEADER = "id,name,price,market_cap,date\n"
GOOD = "bitcoin,Bitcoin,98000.5,1,2024-01-01\n"


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("x,X,garbage,1,2024-01-01", Reason.BAD_NUMBER, "'garbage' is not a number"),
        ("x,X,1,inf,2024-01-01", Reason.BAD_NUMBER, "'inf' is not a number"),
        ("x,X,1e999999,1,2024-01-01", Reason.BAD_NUMBER, "too long"),
        ("x,X,-1,1,2024-01-01", Reason.BAD_NUMBER, "negative"),
        ("x,X,1,1,soon", Reason.BAD_TIME, "'soon' is not a time"),
        ("x,X,1,1,1970-01-01", Reason.BAD_TIME, "no time at which a coin had a price"),
        ("x,X,1,1", Reason.BAD_ROW, "4 cells where the file has 5"),
        ("x,X,1,1,2024-01-01,", Reason.BAD_ROW, "6 cells"),
        ('"x,X,1,1,2024-01-01', Reason.BAD_ROW, "a quote is opened and not closed"),
        ("x,a\rb,1,1,2024-01-01", Reason.BAD_ROW, "can't be taken apart"),
        ("x,X\0,1,1,2024-01-01", Reason.BAD_TEXT, "NUL"),
        (",X,1,1,2024-01-01", Reason.MISSING_FIELD, "the coin's id is empty"),
        (f"{'x' * 501},X,1,1,2024-01-01", Reason.BAD_TEXT, "longer than 500"),
        (f"x,{'y' * 140_000},1,1,2024-01-01", Reason.BAD_ROW, "field larger"),
    ],
)
async def test_a_bad_row_is_rejected_alone(read: Read, write: Write, row: str, reason: Reason, detail: str) -> None:
    result = await read(write("coins.csv", HEADER + GOOD + GOOD + row + "\n" + GOOD))
    (rejection,) = result.rejections
    assert (rejection.ordinal, rejection.reason) == (2, reason)
    assert detail in rejection.detail
    assert rejection.record[:1] == row.replace("\0", "\\x00")[:1]
    assert "\0" not in rejection.record
    assert [quote.ordinal for quote in result.quotes] == [0, 1, 3]


async def test_bytes_that_aren_t_utf_8_reject_their_row(read: Read, write: Write) -> None:
    body = (HEADER + GOOD * 2000).encode() + b"caf\xe9,Caf\xe9,1,1,2024-01-01\n"
    result = await read(write("coins.csv", body))
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(2000, Reason.BAD_TEXT)]
    assert "\\xe9" in result.rejections[0].record or "\\udce9" in result.rejections[0].record


async def test_a_rejected_row_is_kept_as_it_was_sent(read: Read, write: Write) -> None:
    row = 'x,"X, ""the"" coin",n/n,1,2024-01-01'
    result = await read(write("coins.csv", HEADER + GOOD + row + "\n"))
    assert [rejection.record for rejection in result.rejections] == [row]


@pytest.mark.parametrize(
    "text", ["y,Y,2,2,2024-01-02", 'x,"X, ""the""\ncoin",n/n,1,2024-01-01', "ragged,row", 'y,"open']
)
async def test_a_record_can_be_cut_out_of_its_chunk(write: Write, text: str) -> None:
    source = CsvSource(str(write("coins.csv", HEADER + GOOD + "\n" + GOOD + text + "\n" + GOOD)))
    (stream,) = source.plan({}, datetime(2026, 11, 22, tzinfo=UTC))
    payload = await source.fetch(stream.requests[0])
    assert source.excerpt(stream.requests[0], payload, 2) == text
    assert [source.excerpt(stream.requests[0], payload, n) for n in (1, 3)] == [GOOD.strip()] * 2
    assert source.excerpt(stream.requests[0], payload, 4) == ""
    assert source.tally.requests == 1
    await source.close()


async def test_missing_values_are_observations(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + "x,X,-,0,2024-01-01\ny,Y,null,-0.0,2024-01-01\n"))
    assert [(q.price_usd, q.market_cap_usd) for q in result.quotes] == [(None, None), (None, None)]


async def test_blank_rows_hold_no_record(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + GOOD + "\n,,,,\n   \n" + GOOD + "\r\n"))
    assert [quote.ordinal for quote in result.quotes] == [0, 1]
    assert result.rejections == []


async def test_quoted_line_breaks_belong_to_their_row(read: Read, write: Write) -> None:
    text = HEADER + 'x,"X\nof ""two""\nlines",1,1,2024-01-01\n' + GOOD
    result = await read(write("coins.csv", text), batch_size=1)
    assert [q.name for q in result.quotes] == ['X\nof "two"\nlines', "Bitcoin"]
    assert len(result.payloads) == 2


async def test_an_open_quote_doesn_t_swallow_the_file(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + 'x,"X,1,1,2024-01-01\n' + GOOD * 3000), batch_size=500)
    assert (len(result.quotes), [r.reason for r in result.rejections]) == (3000, [Reason.BAD_ROW])


async def test_a_row_with_a_lone_carriage_return_breaks_no_other(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + GOOD + "x,X\ry,1,1,2024-01-01\n" + GOOD.replace("\n", "\r\n")))
    assert [quote.ordinal for quote in result.quotes] == [0, 2]
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(1, Reason.BAD_ROW)]


async def test_a_cell_longer_than_a_csv_reader_takes_is_rejected(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + GOOD + f"x,{'X' * 200_000},1,1,2024-01-01\n" + GOOD))
    assert [quote.ordinal for quote in result.quotes] == [0, 2]
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(1, Reason.BAD_ROW)]


async def test_rows_of_a_snapshot_without_a_time_take_the_file_s(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", HEADER + GOOD + "x,X,1,1,\n"))
    assert result.quotes[1].observed_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert "rows whose time cell is empty take the file's time" in result.notes


async def test_a_candle_without_a_time_is_rejected(read: Read, write: Write) -> None:
    rows = "2024-01-01,1,2,1,1.5\n2024-01-02,1,2,1,1.5\n,1,2,1,1.5\n"
    result = await read(write("BTC.csv", "Date,Open,High,Low,Close\n" + rows))
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(2, Reason.BAD_TIME)]


async def test_quote_column_of_another_currency(read: Read, write: Write) -> None:
    result = await read(write("coins.csv", "id,price,vs_currency\nbitcoin,1,usd\nethereum,2,eur\n"))
    assert [q.source_coin_id for q in result.quotes] == ["bitcoin"]
    assert "priced in EUR" in result.rejections[0].detail


def test_a_request_that_doesn_t_say_how_to_read_is_refused() -> None:
    request = Request("file:x", "x.csv", context={"skip": 0})
    with pytest.raises(RefusedPayload, match="doesn't say how to read"):
        CsvSource("x.csv").parse(request, Payload(b"1,2\n", datetime(2026, 1, 1, tzinfo=UTC), last=True))


cells = st.text(st.sampled_from('ab ",\n\r0123456789.-'), max_size=12)
rows = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=25)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=rows, batch_size=st.integers(1, 7), broken=st.lists(st.sampled_from(['"', 'a"b', "x,y,z", "\n"]), max_size=3)
)
async def test_chunks_of_any_size_say_what_the_whole_file_says(
    read: Read, write: Write, rows: list[tuple[str, str, str]], batch_size: int, broken: list[str]
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("id", "name", "price", "market_cap", "date")])
    out.write(GOOD * 3)
    for at, row in enumerate(rows):
        csv.writer(out, lineterminator="\n").writerow((*row, "1", "2024-01-01"))
        out.write(broken[at] + "\n" if at < len(broken) else "")
    file = write("coins.csv", out.getvalue())
    whole, parts = await read(file), await read(file, batch_size=batch_size)
    assert b"".join(p.body for p in parts.payloads) == b"".join(p.body for p in whole.payloads) == file.read_bytes()
    assert [(q.source_coin_id, q.name, q.price_usd) for q in parts.quotes] == [
        (q.source_coin_id, q.name, q.price_usd) for q in whole.quotes
    ]
    assert [(r.reason, r.record) for r in parts.rejections] == [(r.reason, r.record) for r in whole.rejections]
    whole_end, parts_end = whole.checkpoints["file:coins"], parts.checkpoints["file:coins"]
    assert {**parts_end, "position": 0} == {**whole_end, "position": 0}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(prices=st.lists(st.decimals(0, 10**30, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
async def test_no_digit_is_lost(read: Read, write: Write, prices: list[Decimal]) -> None:
    text = "id,price\n" + "".join(f"coin-{n},{price}\n" for n, price in enumerate(prices))
    result = await read(write("coins.csv", text))
    assert [q.price_usd for q in result.quotes] == prices
