"""The rows of a chunk, the broken ones told apart."""

import csv
import io

from kasparro.market.rejection import Reason, Rejection
from kasparro.sources.csv.dialect import CHUNK_BYTES
from kasparro.sources.csv.reading import Reading
from kasparro.sources.csv.rows import RowReader

_MAX_RECORD = 2_000
"""Characters of a rejected row that are kept with its rejection; all of it stands in the payload."""


class Table:
    """The rows of one chunk: `cells` of those that can be read, their `places` (row index in the chunk) and
    the `broken` ones, rejected as they stand. Blank rows hold no record and count for nothing."""

    def __init__(self, body: bytes, reading: Reading) -> None:
        self.cells: list[list[str]] = []
        self.places: list[int] = []
        self.broken: list[Rejection] = []
        self._texts: list[str] = []
        self._width = reading.width
        self._delimiter = reading.delimiter
        self._per_row = max(len(reading.wide), 1)
        text = body.decode(reading.encoding, "surrogateescape")
        if b'"' in body or b"\0" in body or not self._read_plain(text):
            self._read_rows(body, reading.encoding)
        self.rows = len(self.cells) + len(self.broken)

    def _read_plain(self, text: str) -> bool:
        """All rows at once, when each of them is sound."""
        try:
            rows = [row for row in csv.reader(text.split("\n"), delimiter=self._delimiter) if row]
        except csv.Error:
            return False
        if not set(map(len, rows)) <= {self._width}:
            return False
        self.cells = [row for row in rows if any(row)] if "" in {row[0] for row in rows} else rows
        self.places = list(range(len(self.cells)))
        return True

    def _read_rows(self, body: bytes, encoding: str) -> None:
        """Row by row: each broken one is told apart."""
        read = RowReader(io.BytesIO(body).readline, self._delimiter, CHUNK_BYTES)
        place = 0
        while True:
            raw, closed = read()
            if not raw:
                return
            text = raw.decode(encoding, "surrogateescape").rstrip("\r\n")
            problem = self._take(text, place, closed=closed)
            if problem is None:
                continue
            place += 1
            if problem:
                reason = Reason.BAD_TEXT if "\0" in text else Reason.BAD_ROW
                at = (place - 1) * self._per_row
                self.broken.append(Rejection(at, reason, problem, kept(text)))

    def _take(self, text: str, place: int, *, closed: bool) -> str | None:
        """What is wrong with a row, or nothing; None for a blank one."""
        if not closed or "\0" in text:
            return "holds a NUL byte" if closed else "a quote is opened and not closed"
        try:
            cells = next(csv.reader([text], delimiter=self._delimiter), [])
        except csv.Error as error:
            return f"can't be taken apart: {error}"
        if not any(cells) or not text.strip():
            return None
        if len(cells) != self._width:
            return f"{len(cells)} cells where the file has {self._width}"
        self.cells.append(cells)
        self.places.append(place)
        self._texts.append(text)
        return ""

    def excerpt(self, ordinal: int) -> str:
        """The text of the row that holds the record at `ordinal`; nothing when there is none."""
        place = ordinal // self._per_row
        broken = next((r for r in self.broken if r.ordinal == place * self._per_row), None)
        if broken is not None:
            return broken.record
        return self.record(self.places.index(place)) if place in self.places else ""

    def record(self, row: int) -> str:
        """The text of one of `cells` as it was sent, fit to be kept beside its rejection."""
        return kept(self._texts[row] if self._texts else self._delimiter.join(self.cells[row]))


def kept(text: str) -> str:
    """A row's text, fit to be kept beside its rejection."""
    fit = text[:_MAX_RECORD].replace("\0", "\\x00")
    return fit.encode("utf-8", "backslashreplace").decode()
