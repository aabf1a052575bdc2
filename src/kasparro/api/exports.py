"""Exports: whole selections as CSV or NDJSON, made as fast as the client reads and no faster."""

import csv
import io
import json
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from typing import Literal, cast

from fastapi import Response
from fastapi.responses import StreamingResponse

from kasparro.api.encoding import accepts_gzip
from kasparro.api.exchange import Exchange
from kasparro.api.quotes import QuoteRow, Renderer
from kasparro.market.snapshot import Row

Format = Literal["json", "csv", "ndjson"]
_ROWS = 250
"""Rows that are rendered at a time: some milliseconds, so that nobody else waits long."""

_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = tuple(QuoteRow.model_fields)


@lru_cache(256)
def wanted_format(given: str | None, accept: str) -> Format:
    """What `format` says, else what the header `Accept` asks for by name, else JSON."""
    if given:
        return cast("Format", given)
    if "json" not in accept.replace("ndjson", ""):
        if "text/csv" in accept:
            return "csv"
        if "ndjson" in accept:
            return "ndjson"
    return "json"


def export(rows: Sequence[Row], renderer: Renderer, form: Format, exchange: Exchange) -> Response:
    """`rows` as a stream. It holds the rows only, no connection: a slow reader is in nobody's way."""
    parts = _csv(rows, renderer) if form == "csv" else _ndjson(rows, renderer)
    headers = {"vary": "accept, accept-encoding", "cache-control": "no-cache"}
    if form == "csv":
        headers["content-disposition"] = 'attachment; filename="quotes.csv"'
    if accepts_gzip(exchange.headers.get("accept-encoding") or ""):
        headers["content-encoding"] = "gzip"
        parts = _gzipped(parts)
    return StreamingResponse(_one_by_one(parts), 200, headers, _TYPES[form])


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


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
