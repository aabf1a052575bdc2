"""From a file's first bytes: encoding, delimiter, where the rows begin, the header and some rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from kasparro.market.amount import NotAnAmount
from kasparro.sources.csv import headers
from kasparro.sources.csv.errors import FileRefused
from kasparro.sources.csv.moments import looks_like_time
from kasparro.sources.csv.numbers import is_missing, point
from kasparro.sources.csv.rows import RowReader, TooLong

DELIMITERS = ("\t", ";", "|", ",")
"""In this order when two fit equally well: a comma is also a decimal mark."""

CHUNK_BYTES = 8 * 1024 * 1024
"""A chunk holds at most this many bytes, and so does a row."""

SAMPLE_ROWS = 500
_PREAMBLE_ROWS = 20
_BOM = b"\xef\xbb\xbf"
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a picture",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
_MARKUP = (b"<!", b"<?xml", b"<html", b"<head", b"<body", b"{", b"[{", b"[[")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")


class Dialect(msgspec.Struct, frozen=True):
    """How a file is written. `skip` are the bytes before the first row of data, `header` is None when there
    is none, `rows` are the first rows of data, `preamble` the lines before the header."""

    encoding: str
    delimiter: str
    skip: int
    header: list[str] | None
    rows: list[list[str]]
    width: int
    preamble: list[str] = []


class Wishes(msgspec.Struct, frozen=True):
    """What a declared mapping says about how its file is written; None where it leaves it to the file."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    skip_lines: int | None = None


def sniff(sample: bytes, *, whole: bool, wishes: Wishes) -> Dialect:
    """The dialect of a file that begins with `sample` (`whole`: and ends with it).

    Raises Skippable for what isn't a text table.
    """
    _refuse_foreign(sample)
    encoding = wishes.encoding or _encoding(sample, whole=whole)
    bom = len(_BOM) if sample.startswith(_BOM) else 0
    # A mark that stands nowhere never fits better than the first one does.
    present = [mark for mark in DELIMITERS if mark == DELIMITERS[0] or mark.encode() in sample]
    candidates = [wishes.delimiter] if wishes.delimiter else present
    tables = {mark: _table(sample[bom:], mark, encoding, whole=whole) for mark in candidates}
    delimiter = max(tables, key=lambda mark: _fitness(tables[mark]))
    table = tables[delimiter]
    if not any(_filled(cells) for _, cells in table):
        raise FileRefused("the file is empty", remedy="Remove it or fill it.")
    start = _start(table) if wishes.skip_lines is None else wishes.skip_lines
    header = _header(table[start][1], wishes.header) if start < len(table) else None
    body = start + (header is not None)
    rows = [cells for _, cells in table[body:] if _filled(cells)]
    if not rows:
        raise FileRefused("the file has a header but no rows", remedy="Nothing is lost: add rows or remove it.")
    widths = Counter(map(len, rows))
    width = widths.most_common(1)[0][0]
    if header is not None:
        header = _fitted(header, rows, width) if widths[width] * 10 >= len(rows) * 9 else header
        width = len(header)
        if not widths[width]:
            told = f"its header has {width} cells and its rows have {widths.most_common(1)[0][0]}"
            raise FileRefused(
                told, remedy="Correct the header, or say skip_lines or delimiter in a mapping (docs/csv.md)."
            )
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        skip=bom + sum(size for size, _ in table[:body]),
        header=header,
        rows=rows[:SAMPLE_ROWS],
        width=width,
        preamble=[delimiter.join(cells) for _, cells in table[:start]],
    )


def _refuse_foreign(sample: bytes) -> None:
    kind = next((kind for magic, kind in _MAGIC.items() if sample.startswith(magic)), "")
    if not kind and len(_CONTROL.findall(sample)) > len(sample) // 20:
        kind = "a binary file"
    if not kind and sample.lstrip().lower().startswith(_MARKUP):
        kind = "HTML, XML or JSON"
    if kind:
        raise FileRefused(f"this is {kind}, not CSV", remedy="Save it as CSV in UTF-8 (gzip is fine too).")
    if b"\n" not in sample and b"\r" in sample.rstrip(b"\r"):
        raise FileRefused("its lines end in carriage returns only", remedy="Convert its line ends to line feeds.")


def _encoding(sample: bytes, *, whole: bool) -> str:
    head = sample if whole else sample[: sample.rfind(b"\n") + 1]
    for encoding in ("utf-8", "cp1252"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _table(text: bytes, delimiter: str, encoding: str, *, whole: bool) -> list[tuple[int, list[str]]]:
    """Size in bytes and cells of the first rows; a last row that the sample cuts is left out."""
    read = RowReader(io.BytesIO(text).readline, delimiter, CHUNK_BYTES)
    table: list[tuple[int, list[str]]] = []
    while len(table) < SAMPLE_ROWS + _PREAMBLE_ROWS:
        try:
            row, closed = read()
        except TooLong:
            break
        if not row or (not whole and read.at_end()):
            break
        cells = cells_of(row.decode(encoding, "surrogateescape"), delimiter) if closed else None
        table.append((len(row), cells if cells is not None else [row.decode(encoding, "replace")]))
    return table


def cells_of(row: str, delimiter: str) -> list[str] | None:
    """The cells of one row; None when it can't be read as one."""
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return None


def _fitness(table: Sequence[tuple[int, list[str]]]) -> tuple[float, int]:
    counts = Counter(len(cells) for _, cells in table if _filled(cells))
    if not counts:
        return 0.0, 0
    width, rows = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    return (rows / counts.total() if width > 1 else 0.0), width


def _filled(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _start(table: Sequence[tuple[int, list[str]]]) -> int:
    """The row at which the table begins: what stands before it has another number of cells."""
    widths = Counter(len(cells) for _, cells in table if _filled(cells))
    width = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    for at, (_, cells) in enumerate(table[:_PREAMBLE_ROWS]):
        if {"price", "close"} & headers.resolve(cells).keys() and not _holds_data(cells):
            return at
    first = 0
    for at, (_, cells) in enumerate(table[:_PREAMBLE_ROWS]):
        comment = cells[:1] and cells[0].startswith("#") and at + 1 < len(table)
        if (comment and not _holds_data(table[at + 1][1])) or (cells[:1] and cells[0].startswith("sep=")):
            first = at + 1
        elif len(cells) == width and _filled(cells):
            near = at > first and width > 2 and abs(len(table[at - 1][1]) - width) == 1
            return at - 1 if near and _holds_data(cells) and not _holds_data(table[at - 1][1]) else at
    return first


def _header(cells: list[str], wished: bool | None) -> list[str] | None:
    if wished is None:
        wished = not _holds_data(cells)
    return [cells[0].lstrip("#").strip(), *map(str.strip, cells[1:])] if wished and cells else None


def _holds_data(cells: Sequence[str]) -> bool:
    return any(not is_missing(cell) and (is_number(cell) or looks_like_time(cell)) for cell in cells)


def is_number(cell: str) -> bool:
    """Whether a cell could be a number with a decimal point."""
    try:
        return point(cell) is not None
    except NotAnAmount:
        return False


def _fitted(header: list[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The header with as many cells as the rows: R leaves out one for its row names, others close each row."""
    if len(header) == width + 1 and not header[-1]:
        return header[:-1]
    if len(header) == width - 1:
        closed = all(not row[-1].strip() for row in rows if len(row) == width)
        return [*header, ""] if closed else ["", *header]
    return header
