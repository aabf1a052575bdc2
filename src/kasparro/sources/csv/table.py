"""The rows of a chunk, the broken ones told apart."""

import csv
import io
from collections.abc import Sequence

from kasparro.market.rejection import Reason, Rejection
from kasparro.sources.csv.dialect import CHUNK_BYTES
from kasparro.sources.csv.reading import Reading
from kasparro.sources.csv.rows import RowReader

_MAX_RECORD = 2_000
"""Characters of a rejected row that are kept with its rejection; all of it stands in the payload."""


class Table:
    """The rows of one chunk: the `columns` of those that can be read, their `places` (row index in the chunk)
    and the `broken` ones, rejected as they stand. Blank rows hold no record and count for nothing."""

    def __init__(self, body: bytes, reading: Reading) -> None:
        self.columns: Sequence[Sequence[str]] = [()] * reading.width
        self.places: Sequence[int] = ()
        self.broken: list[Rejection] = []
        self._texts: list[str] = []
        self._width = reading.width
        self._delimiter = reading.delimiter
        self._per_row = max(len(reading.wide), 1)
        text = body.decode(reading.encoding, "surrogateescape")
        if b'"' in body or b"\0" in body or not self._read_plain(text):
            self._read_rows(body, reading.encoding)
        self.rows = len(self.places) + len(self.broken)

    def _read_plain(self, text: str) -> bool:
        """All rows at once, column by column, when each of them is sound and no cell is quoted.

        Such text needs no CSV reader: one split gives all cells, without a list for each row.
        """
        text = text.replace("\r\n", "\n")
        marks = self._width - 1
        blank = ("", self._delimiter * marks)
        lines = [line for line in text.split("\n") if line not in blank]
        if "\r" in text or max(map(len, lines), default=0) > csv.field_size_limit():
            return False
        if not {line.count(self._delimiter) for line in lines} <= {marks}:
            return False
        if lines:
            cells = self._delimiter.join(lines).split(self._delimiter)
            self.columns = [cells[at :: self._width] for at in range(self._width)]
            self.places = range(len(lines))
        return True

    def _read_rows(self, body: bytes, encoding: str) -> None:
        """Row by row: each broken one is told apart."""
        read = RowReader(io.BytesIO(body).readline, self._delimiter, CHUNK_BYTES)
        place = 0
        sound: list[list[str]] = []
        places: list[int] = []
        while True:
            raw, closed = read()
            if not raw:
                break
            text = raw.decode(encoding, "surrogateescape").rstrip("\r\n")
            cells = self._taken_apart(text, closed=closed)
            if not cells:
                continue
            if isinstance(cells, str):
                reason = Reason.BAD_TEXT if "\0" in text else Reason.BAD_ROW
                self.broken.append(Rejection(place * self._per_row, reason, cells, kept(text)))
            else:
                sound.append(cells)
                places.append(place)
                self._texts.append(text)
            place += 1
        self.places = places
        if sound:
            self.columns = list(zip(*sound, strict=True))

    def _taken_apart(self, text: str, *, closed: bool) -> list[str] | str:
        """The cells of a row, none for a blank one, or what is wrong with it."""
        if not closed or "\0" in text:
            return "holds a NUL byte" if closed else "a quote is opened and not closed"
        try:
            cells = next(csv.reader([text], delimiter=self._delimiter), [])
        except csv.Error as error:
            return f"can't be taken apart: {error}"
        if not any(cells) or not text.strip():
            return []
        return cells if len(cells) == self._width else f"{len(cells)} cells where the file has {self._width}"

    def excerpt(self, ordinal: int) -> str:
        """The text of the row that holds the record at `ordinal`; nothing when there is none."""
        place = ordinal // self._per_row
        broken = next((r for r in self.broken if r.ordinal == place * self._per_row), None)
        if broken is not None:
            return broken.record
        return self.record(self.places.index(place)) if place in self.places else ""

    def record(self, row: int) -> str:
        """The text of the row at `row` of the columns as it was sent, fit to be kept beside its rejection."""
        return kept(self._texts[row] if self._texts else self._delimiter.join(cells[row] for cells in self.columns))


def kept(text: str) -> str:
    """A row's text, fit to be kept beside its rejection."""
    fit = text[:_MAX_RECORD].replace("\0", "\\x00")
    return fit.encode("utf-8", "backslashreplace").decode()
