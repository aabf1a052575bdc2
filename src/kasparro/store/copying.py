"""Copying: rows as CSV, the way COPY reads it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

Row = tuple[Any, ...]

_ROWS_AT_ONCE = 500
"""About 60 kB: they fit into the socket, so that the server reads some while we encode the next."""
_JSON = msgspec.json.Encoder(decimal_format="number")


def csv_copy(table: str) -> bytes:
    """The statement that takes what `as_csv` gives into `table`, behind whose name columns may stand."""
    return f"COPY {table} FROM STDIN (FORMAT csv, NULL 'null')".encode()


def as_csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """`rows` as CSV in which null is a bare word, some hundred at a time."""
    rest = iter(rows)
    while block := list(islice(rest, _ROWS_AT_ONCE)):
        yield _csv(block)


def _csv(rows: Sequence[Row]) -> bytes:
    """JSON's arrays are that but for their brackets, where no text holds what JSON escapes, and are made five
    times faster than by Python.
    """
    try:
        lines = _JSON.encode_lines(rows)
    except OverflowError:  # a whole number beyond 64 bits
        lines = b"\\"
    if b"\\" in lines:
        return "".join(",".join(map(_cell, row)) + "\n" for row in rows).encode()
    return lines[1:-2].replace(b"]\n[", b"\n") + b"\n"


def _cell(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return '"' + value.replace('"', '""') + '"'
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
