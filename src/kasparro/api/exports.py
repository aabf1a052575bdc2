"""Exports: whole selections as CSV or NDJSON, made as fast as the client reads and no faster."""

import asyncio
import csv
import io
import json
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Literal, cast

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from kasparro.api.encoding import accepts_gzip
from kasparro.api.exchange import Exchange
from kasparro.api.preferences import Remembered, weights
from kasparro.api.problems import Problem
from kasparro.api.quotes import QuoteRow, Renderer
from kasparro.market.row import Row

Format = Literal["json", "csv", "ndjson"]
_ROWS = 250
"""Rows that are rendered at a time: some milliseconds, so that nobody else waits long."""
MOST = 64
"""Exports under way in one worker. Who reads slowly holds rows and a packer for as long as that takes."""

_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = tuple(QuoteRow.model_fields)


def _accepted_format(accept: str) -> Format:
    best: Format = "json"
    most = 0.0
    accepted = weights(accept)
    for form, ending in (("json", "json"), ("csv", "text/csv"), ("ndjson", "ndjson")):
        named = [weight for name, weight in accepted.items()
                 if name.endswith(ending) and (form == "ndjson" or "ndjson" not in name)]  # fmt: skip
        if max(named, default=0.0) > most:
            best, most = cast("Format", form), max(named)
    return best


accepted_format = Remembered(_accepted_format).__getitem__
"""What the header `Accept` asks for by name, and most; else JSON."""


class Exports:
    """The exports of one worker: so many at most, and one part of one of them made between two other requests."""

    def __init__(self) -> None:
        self.number = 0
        self._turn = asyncio.Lock()

    async def one_by_one(self, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The parts, each made when it is wanted and it's this export's turn."""
        while True:
            async with self._turn:
                part = next(parts, None)
                # Whoever waits goes first, however many exports there are.
                await asyncio.sleep(0)
            if part is None:
                return
            yield part


class Export(StreamingResponse):
    """An export, unless too many are under way: then it is shed like other requests."""

    def __init__(self, exports: Exports, parts: Iterator[bytes], headers: dict[str, str], form: Format) -> None:
        super().__init__(exports.one_by_one(parts), 200, headers, _TYPES[form])
        self._exports = exports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raises Problem."""
        if self._exports.number >= MOST:
            scope["app"].state.metrics.shed()
            raise Problem(503, "Too many exports are under way. Try again in a second", headers={"Retry-After": "1"})
        self._exports.number += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._exports.number -= 1


def export(rows: Sequence[Row], renderer: Renderer, form: Format, exchange: Exchange, exports: Exports) -> Response:
    """`rows` as a stream. It holds the rows only, no connection: a slow reader is in nobody's way."""
    parts = _csv(rows, renderer) if form == "csv" else _ndjson(rows, renderer)
    headers = {"vary": "accept, accept-encoding", "cache-control": "no-cache"}
    if form == "csv":
        headers["content-disposition"] = 'attachment; filename="quotes.csv"'
    if accepts_gzip(exchange.headers.get("accept-encoding") or ""):
        headers["content-encoding"] = "gzip"
        parts = _gzipped(parts)
    return Export(exports, parts, headers, form)


def _ndjson(rows: Sequence[Row], renderer: Renderer) -> Iterator[bytes]:
    for at in range(0, len(rows), _ROWS):
        yield "".join(f"{renderer.one(row)}\n" for row in rows[at : at + _ROWS]).encode()


def _csv(rows: Sequence[Row], renderer: Renderer) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for at in range(0, max(len(rows), 1), _ROWS):
        for row in rows[at : at + _ROWS]:
            # Numbers stay the text that they are.
            members = json.loads(renderer.one(row), parse_float=_Number, parse_int=_Number)
            writer.writerow([_cell(members[name]) for name in _COLUMNS])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


class _Number(str):
    """A number's text, to be told from a text that looks like one."""

    __slots__ = ()


def _cell(value: object) -> str:
    """A cell that no spreadsheet runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, _Number) else text


def _gzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, wbits=31)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()
