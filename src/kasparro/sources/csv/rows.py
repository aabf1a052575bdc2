"""Bytes to rows: where a row ends, quoted line breaks respected."""

import re
from collections import deque
from collections.abc import Callable

MAX_ROW_LINES = 1_000
"""Lines that one row may span. A quote that isn't closed within them is taken for a broken row of one line,
so that it can't swallow the rest of its file."""


class TooLong(ValueError):
    """A line is longer than a chunk may be."""


class RowReader:
    """Rows, one after the other, from a source of lines.

    `readline` takes the most bytes it may return and gives a line with its line end, or nothing at the end.
    The same bytes give the same rows wherever a chunk was cut between two rows.
    """

    def __init__(self, readline: Callable[[int], bytes], delimiter: str, limit: int) -> None:
        self._readline = readline
        self._delimiter = delimiter.encode()
        self._limit = limit
        self._ahead: deque[bytes] = deque()
        self._plain = _plain_line(self._delimiter)

    def __call__(self) -> tuple[bytes, bool]:
        """The next row with its line end, and whether it's whole; `b""` at the end. Raises TooLong."""
        line = self._line()
        if b'"' not in line or self._plain.fullmatch(line) or not ends_quoted(line, self._delimiter):
            return line, True
        parts = [line]
        size = len(line)
        while len(parts) < MAX_ROW_LINES:
            line = self._line()
            if not line:
                break
            parts.append(line)
            size += len(line)
            if size > self._limit:
                break
            if b'"' in line and not ends_quoted(line, self._delimiter, inside=True):
                return b"".join(parts), True
        self._ahead.extendleft(reversed(parts[1:]))
        return parts[0], False

    def push_back(self, row: bytes) -> None:
        """Give a row back, to be read again."""
        self._ahead.extendleft(reversed(_lines(row)))

    @property
    def is_ahead(self) -> bool:
        """Whether lines have been read that no row has been made of yet."""
        return bool(self._ahead)

    def at_end(self) -> bool:
        """Whether nothing follows."""
        line = self._line()
        if line:
            self._ahead.appendleft(line)
        return not line

    def _line(self) -> bytes:
        if self._ahead:
            return self._ahead.popleft()
        line = self._readline(self._limit + 1)
        if len(line) > self._limit:
            raise TooLong
        return line


def _lines(row: bytes) -> list[bytes]:
    """The lines of `row`; only a line feed ends one, as in `readline`."""
    parts = row.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _plain_line(delimiter: bytes) -> re.Pattern[bytes]:
    """A line whose cells are all closed: the common case, told without a loop in Python."""
    mark = re.escape(delimiter)
    cell = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"' + mark + rb"\r\n][^" + mark + rb"\r\n]*+|)"
    return re.compile(cell + rb"(?:" + mark + cell + rb")*+\r?\n?")


def ends_quoted(line: bytes, delimiter: bytes, *, inside: bool = False) -> bool:
    """Whether a quoted cell is still open at the end of `line`; `inside`: one was open at its start.

    A quote opens a cell only as its first character (RFC 4180, and Python's csv).
    """
    at = 0
    while True:
        if inside:
            end = line.find(b'"', at)
            if end < 0:
                return True
            if line[end + 1 : end + 2] == b'"':
                at = end + 2
                continue
            inside = False
            at = end + 1
        elif line[at : at + 1] == b'"' and (at == 0 or line[at - 1 : at] == delimiter):
            inside = True
            at += 1
            continue
        mark = line.find(delimiter, at)
        if mark < 0:
            return False
        at = mark + 1
