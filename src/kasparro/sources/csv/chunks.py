"""Chunks: whole rows of a file, read one after the other with one open handle and one running hash."""

import hashlib
from contextlib import suppress
from pathlib import Path

import msgspec

from kasparro.errors import Skippable
from kasparro.sources.csv.dialect import CHUNK_BYTES
from kasparro.sources.csv.errors import FileRefused
from kasparro.sources.csv.files import READ_ERRORS, opened, unreadable
from kasparro.sources.csv.rows import RowReader, TooLong

_BLOCK = 1024 * 1024


class Chunk(msgspec.Struct, frozen=True):
    """Whole rows. `prefix_sha256` is of all the file's bytes up to the chunk's end, `tail` the length of a
    last row without a line end (0 when it has one), `last` tells that the file ends here."""

    body: bytes
    prefix_sha256: str
    tail: int
    last: bool


class OpenFile:
    """A file that is read in chunks from `offset` on (in decompressed bytes).

    Raises Skippable: unreadable, or its first `offset` bytes aren't those of `prefix_sha256` (empty: any).
    """

    def __init__(self, path: Path, delimiter: str, offset: int, prefix_sha256: str) -> None:
        try:
            self._file = opened(path)
        except OSError as error:
            raise unreadable(error) from error
        self._hash = hashlib.sha256()
        self._broken: Skippable | None = None
        self.offset = 0
        try:
            self._skip(offset)
        except READ_ERRORS as error:
            self.close()
            raise unreadable(error) from error
        if offset and prefix_sha256 and self._hash.hexdigest() != prefix_sha256:
            self.close()
            raise FileRefused("the file changed while it was read", remedy="Run again: it's then read from its start.")
        self._rows = RowReader(self._file.readline, delimiter, CHUNK_BYTES)

    def _skip(self, offset: int) -> None:
        while self.offset < offset:
            block = self._file.read(min(_BLOCK, offset - self.offset))
            if not block:
                return
            self._hash.update(block)
            self.offset += len(block)

    def chunk(self, rows: int, *, skip: int = 0) -> Chunk:
        """The next `rows` rows, fewer at the file's end or when they hold more bytes than a chunk may.

        What stands in the first `skip` bytes (a header) comes along and isn't counted.

        Raises Skippable for a row longer than a chunk, and for damage that no whole row precedes.
        """
        if self._broken is not None:
            raise self._broken
        parts: list[bytes] = []
        try:
            last = self._collect(parts, rows, skip)
        except (TooLong, *READ_ERRORS) as error:
            self._broken = self._too_long(parts) if isinstance(error, TooLong) else unreadable(error)
            if not parts:
                raise self._broken from error
            last = False
        body = b"".join(parts)
        self._hash.update(body)
        self.offset += len(body)
        tail = 0 if not parts or parts[-1].endswith(b"\n") else len(parts[-1])
        return Chunk(body, self._hash.hexdigest(), tail, last)

    def _collect(self, parts: list[bytes], rows: int, skip: int) -> bool:
        size = counted = 0
        while counted < rows:
            plain = self._plain(rows - counted) if size >= skip else b""
            if plain and size + len(plain) <= CHUNK_BYTES:
                parts.append(self._file.read(len(plain)))
                size += len(plain)
                counted += plain.count(b"\n")
                continue
            row, _closed = self._rows()
            if not row:
                return True
            size += len(row)
            if size > CHUNK_BYTES:
                self._rows.push_back(row)
                return False
            parts.append(row)
            counted += size > skip
        return self._rows.at_end()

    def _plain(self, rows: int) -> bytes:
        """Up to `rows` rows of the file's buffer, if no quote stands in it: then each line is one, told at once."""
        buffered = b"" if self._rows.is_ahead else self._file.peek(1)
        if b'"' in buffered:
            return b""
        rest = buffered.split(b"\n", rows)[-1]
        return buffered[: len(buffered) - len(rest)]

    def _too_long(self, before: list[bytes]) -> Skippable:
        at = self.offset + sum(map(len, before))
        return FileRefused(
            f"the row at byte {at} is longer than {CHUNK_BYTES // 1024 // 1024} MB",
            remedy="A quote or a line end is likely missing there: correct the file.",
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def prefixes(path: Path, offsets: set[int]) -> dict[int, str]:
    """The SHA-256 of the first n bytes of a file, for each n of `offsets` that it reaches, and of all of it.

    The last key is the file's length, or where it stops to be readable.
    """
    digest = hashlib.sha256()
    found: dict[int, str] = {}
    at = 0
    with suppress(*READ_ERRORS), opened(path) as file:
        for stop in [*sorted(offsets), None]:
            while stop is None or at < stop:
                block = file.read(_BLOCK if stop is None else min(_BLOCK, stop - at))
                if not block:
                    break
                digest.update(block)
                at += len(block)
            if at == stop:
                found[at] = digest.hexdigest()
    found[at] = digest.hexdigest()
    return found
