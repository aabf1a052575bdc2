"""Reading files end to end, as a run does it."""

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kasparro.market.quote import Quote
from kasparro.market.rejection import Rejection
from kasparro.sources.contract import Cursor, Payload, Request, Stream
from kasparro.sources.csv import CsvSource

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FILE_TIME = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
"""The time of modification that `written` gives a file."""


class Read(msgspec.Struct):
    """What a run got out of the files: all records, and the checkpoints that it leaves."""

    streams: list[Stream]
    quotes: list[Quote] = []
    rejections: list[Rejection] = []
    payloads: list[Payload] = []
    checkpoints: dict[str, Cursor] = {}

    @property
    def notes(self) -> str:
        """All notes as one text."""
        return "\n".join(note for stream in self.streams for note in stream.notes)


async def run(pattern: Path | str, checkpoints: Mapping[str, Cursor] | None = None, batch_size: int = 10_000) -> Read:
    """Plan, fetch, parse and advance until nothing follows. Raises what a stream or a fetch fails with."""
    source = CsvSource(str(pattern), batch_size=batch_size)
    known = dict(checkpoints or {})
    result = Read(list(source.plan(known, NOW)), checkpoints=known)
    for stream in result.streams:
        if stream.error is not None:
            raise stream.error
        cursor, requests = stream.cursor, list(stream.requests)
        while requests:
            request = msgspec.json.decode(msgspec.json.encode(requests.pop(0)), type=Request)
            payload = await source.fetch(request)
            parsed = source.parse(request, payload)
            cursor = source.advance(cursor, request, payload, complete=not parsed.follow)
            requests += parsed.follow
            result.quotes += parsed.quotes
            result.rejections += parsed.rejections
            result.payloads.append(payload)
        result.checkpoints[stream.name] = msgspec.json.decode(msgspec.json.encode(cursor))
    await source.close()
    return result


def written(path: Path, content: str | bytes) -> Path:
    """A file with this content and `FILE_TIME` as its time of modification."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (FILE_TIME.timestamp(), FILE_TIME.timestamp()))
    return path


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def read() -> Callable[..., Awaitable[Read]]:
    """`await read(pattern, checkpoints)` does a run over the files."""
    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """`write(name, content)` makes a file in a directory of the test's own."""
    return lambda name, content: written(tmp_path / name, content)
