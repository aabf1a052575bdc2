"""Rows to quotes and rejections, column by column."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from kasparro.market.amount import Amount, NotAnAmount
from kasparro.market.quote import Quote
from kasparro.market.rejection import Reason, Rejection
from kasparro.sources.csv import moments, numbers, periods
from kasparro.sources.csv.coin_cells import Columns, Problems, coin_cells, refuse_currency
from kasparro.sources.csv.moments import NotAMoment
from kasparro.sources.csv.reading import Reading
from kasparro.sources.csv.table import Table

T = TypeVar("T")
_SUPPLIES = ("circulating_supply", "total_supply", "max_supply")
_ZERO_UNKNOWN = ("market_cap", *_SUPPLIES)


def records(body: bytes, reading: Reading, file_time: datetime) -> tuple[list[Quote], list[Rejection], int]:
    """The quotes and rejections of a chunk's rows (without its header), and how many rows it holds.

    `file_time` (UTC) dates the rows without a date.
    """
    table = Table(body, reading)
    quotes, rejections = (_wide if reading.wide else _long)(table, table.columns, reading, file_time)
    if table.broken:
        rejections = sorted([*table.broken, *rejections], key=lambda rejection: rejection.ordinal)
    return quotes, rejections, table.rows


def _long(table: Table, columns: Columns, reading: Reading, file_time: datetime) -> tuple[list[Quote], list[Rejection]]:
    problems: Problems = {}
    count = len(table.places)
    ids, symbols, names = coin_cells(columns, reading, count, problems)
    ranks = _ranks(columns, reading, count, problems)
    observed = _moments(columns, reading, file_time, count, problems)
    amounts = []
    for field, convert in _converters(reading).items():
        at = reading.columns.get(field)
        amounts.append(_amounts(columns[at], field, convert, reading, problems) if at is not None else [None] * count)
    refuse_currency(columns, reading, problems)
    made = map(Quote, table.places, ids, symbols, names, observed, ranks, *amounts)
    if not problems:
        return list(made), []
    quotes = [quote for row, quote in enumerate(made) if row not in problems]
    rejections = [Rejection(table.places[row], *problems[row], table.record(row)) for row in sorted(problems)]
    return quotes, rejections


def _wide(table: Table, columns: Columns, reading: Reading, file_time: datetime) -> tuple[list[Quote], list[Rejection]]:
    undated: Problems = {}
    count, per_row = len(table.places), len(reading.wide)
    observed = _moments(columns, reading, file_time, count, undated)
    price = _converters(reading)["price"]
    quotes: list[Quote] = []
    rejections = [
        Rejection(table.places[row] * per_row, *problem, table.record(row)) for row, problem in undated.items()
    ]
    for nth, wide in enumerate(reading.wide):
        problems: Problems = {}
        coin = wide.coin
        prices = _amounts(columns[wide.column], "price", price, reading, problems)
        for row, place in enumerate(table.places):
            ordinal = place * per_row + nth
            if row in problems and row not in undated:
                cells = table.record(row)
                rejections.append(Rejection(ordinal, *problems[row], cells))
            elif row not in undated:
                quotes.append(Quote(ordinal, coin.id, coin.symbol, coin.name, observed[row], price_usd=prices[row]))
    quotes.sort(key=lambda quote: quote.ordinal)
    return quotes, sorted(rejections, key=lambda rejection: rejection.ordinal)


def _convert(cells: Iterable[str], convert: Callable[[str], T], problems: Problems) -> list[Any]:
    """`convert` over a column; what can't be converted is a problem of its row."""
    try:
        return list(map(convert, cells))
    except (NotAnAmount, NotAMoment):
        pass
    values: list[T | None] = []
    for row, cell in enumerate(cells):
        try:
            values.append(convert(cell))
        except NotAnAmount as error:
            problems.setdefault(row, (Reason.BAD_NUMBER, str(error)))
            values.append(None)
        except NotAMoment as error:
            problems.setdefault(row, (Reason.BAD_TIME, str(error)))
            values.append(None)
    return values


def _amounts(
    cells: Sequence[str], field: str, convert: numbers.Convert, reading: Reading, problems: Problems
) -> list[Any]:
    plain = numbers.all_plain(cells, signed=field == "change") if reading.decimal == "." else None
    if plain is None:
        return _convert(cells, convert, problems)
    return [value or None for value in plain] if field in _ZERO_UNKNOWN else plain


def _converters(reading: Reading) -> dict[str, Callable[[str], Amount | None]]:
    """The amounts of a quote, in its order, each with the function that reads its cells."""
    plain = _plain(reading)
    supply = numbers.zero_unknown(numbers.not_negative(numbers.without_unit(plain)))
    converters = {
        "price": numbers.not_negative(plain),
        "market_cap": numbers.zero_unknown(numbers.not_negative(plain)),
        "volume": numbers.not_negative(plain),
        "change": plain,
        **dict.fromkeys(_SUPPLIES, supply),
    }
    for field in reading.glued_numbers:
        converters[field] = numbers.last_glued(converters[field])
    return converters


def _ranks(columns: Columns, reading: Reading, count: int, problems: Problems) -> list[int | None]:
    at = reading.columns.get("rank")
    if at is None:
        return [None] * count
    plain = numbers.all_ranks(columns[at])
    return plain if plain is not None else _convert(columns[at], numbers.rank_of(_plain(reading)), problems)


def _plain(reading: Reading) -> numbers.Convert:
    return numbers.comma if reading.decimal == "," else numbers.point


def _moments(columns: Columns, reading: Reading, file_time: datetime, count: int, problems: Problems) -> list[datetime]:
    if reading.time is None:
        return [file_time] * count
    cells: Sequence[str] = columns[reading.columns["time"]]
    if "clock" in reading.columns:
        cells = [f"{day} {clock}" for day, clock in zip(cells, columns[reading.columns["clock"]], strict=True)]
    observed = _dated(cells, reading, problems)
    if None in observed:
        for row, moment in enumerate(observed):
            if moment is not None:
                continue
            observed[row] = file_time
            if not reading.fallback_time:
                problems.setdefault(row, (Reason.BAD_TIME, "a candle without a date"))
    return observed


def _dated(cells: Sequence[str], reading: Reading, problems: Problems) -> list[Any]:
    """The moment of each quote; for a candle stamped at its opening, that of its close."""
    assert reading.time is not None
    closes = periods.closes(reading.period) if reading.period and reading.opens else None
    usual = moments.all_usual(reading.time, cells)
    if usual is not None:
        with suppress(OverflowError):
            return usual if closes is None else list(map(closes, usual))
    read = moments.converter(reading.time)

    def closing(text: str) -> datetime | None:
        opened = read(text)
        try:
            return closes(opened) if opened is not None and closes is not None else opened
        except OverflowError:
            raise NotAMoment(f"{text[:40]!r} is past the year 9999") from None

    return _convert(cells, closing, problems)
