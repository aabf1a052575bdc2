"""The CSV source: files of rows, read in chunks, each continued where it ended."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from kasparro.errors import Skippable
from kasparro.market.quote import MAX_ORDINAL
from kasparro.sources.contract import Cursor, Parsed, Payload, RefusedPayload, Request, Stream, Tally
from kasparro.sources.csv import files, mapping
from kasparro.sources.csv.chunks import OpenFile
from kasparro.sources.csv.dialect import sniff
from kasparro.sources.csv.due import PREFIX, Candidate, Due, settle
from kasparro.sources.csv.errors import FileRefused
from kasparro.sources.csv.reading import Reading
from kasparro.sources.csv.recognise import recognise
from kasparro.sources.csv.records import records
from kasparro.sources.csv.table import Table

_MAX_OPEN = 8
"""Files that are kept open between fetches."""


class _Understood(msgspec.Struct):
    """A file that can be read, before it's settled where it goes on."""

    candidate: Candidate
    skip: int
    header: list[str] | None
    notes: tuple[str, ...]
    modified: datetime


class CsvSource:
    """The files that `pattern` names: a file, a directory or a glob. Implements `sources.contract.Source`.

    What it tells of files (errors, notes) names them without their folders, which the API shows to anybody.

    `batch_size` is how many rows a chunk holds; a chunk never exceeds `dialect.CHUNK_BYTES`. Candles become
    quotes at their close; see docs/csv.md for what is read from which layout.
    """

    name = "csv"
    parser = "csv/1"
    concurrency = 1

    def __init__(self, pattern: str, *, batch_size: int = 10_000) -> None:
        self._pattern = pattern
        self._batch_size = batch_size
        self._open: dict[str, OpenFile] = {}
        self._tally = Tally()

    @property
    def address(self) -> str:
        """The pattern as it was given."""
        return self._pattern

    @property
    def tally(self) -> Tally:
        """The chunks read so far; none is ever retried."""
        return self._tally

    def plan(self, checkpoints: Mapping[str, Cursor], now: datetime) -> Sequence[Stream]:
        """One stream per file that is new, longer or changed, or that can't be read (then with its error).

        It reads each file's first bytes, and hashes all of them once there are checkpoints, a block at a time.
        `now` isn't needed: what is due depends on the files alone.
        """
        try:
            paths = files.matching(self._pattern)
        except Skippable as error:
            return [Stream(PREFIX + self._pattern, (), {}, error=error)]
        understood: list[_Understood] = []
        broken: list[Stream] = []
        for path in paths:
            try:
                understood.append(self._understand(path))
            except Skippable as error:
                named = FileRefused(f"{path.name}: {error.message}", remedy=error.remedy)
                name = PREFIX + mapping.stem_of(path)
                broken.append(Stream(name, (), checkpoints.get(name, {}), error=named))
        settled = settle([u.candidate for u in understood], checkpoints)
        twins = [due for due in settled if due.twin is not None]
        streams = [
            self._stream(u, due, _told(due, twins, PREFIX + due.dataset in checkpoints))
            for u, due in zip(understood, settled, strict=True)
            if not due.done
        ]
        used = {stream.name for stream in streams}
        return [*streams, *(_renamed(stream, used) for stream in broken)]

    async def fetch(self, request: Request) -> Payload:
        """The next whole rows of the file. Raises Skippable: gone, changed, damaged, a giant row."""
        self._tally.requests += 1
        return await asyncio.to_thread(self._fetch, request)

    def parse(self, request: Request, payload: Payload) -> Parsed:
        """The quotes of the chunk's rows; `ordinal` is the row's index in the chunk (blank rows count for
        nothing), for a wide file times the number of its coins plus the coin's."""
        context = request.context
        try:
            reading = Reading.from_json(context["reading"])
            file_time = datetime.fromisoformat(context["file_time"])
        except (KeyError, msgspec.ValidationError) as error:
            raise RefusedPayload(f"the request doesn't say how to read {_name(request.path)}: {error}") from error
        quotes, rejections, rows = records(payload.body[context["skip"] :], reading, file_time)
        follow = () if payload.last else (self._next(request, payload, rows),)
        return Parsed(quotes, rejections=rejections, follow=follow, end=payload.last)

    def excerpt(self, request: Request, payload: Payload, ordinal: int) -> str:
        """The row that the record at `ordinal` was read from, line breaks in quotes included."""
        reading = Reading.from_json(request.context["reading"])
        return Table(payload.body[request.context["skip"] :], reading).excerpt(ordinal)

    def advance(self, cursor: Cursor, request: Request, payload: Payload, *, complete: bool) -> Cursor:
        """How far the file is committed: `offset` (decompressed bytes), `prefix_sha256` of all bytes before
        it, `tail` (length of a last row without a line end), `reading` (how it was read)."""
        return {
            "path": request.path,
            "offset": request.context["offset"] + len(payload.body),
            "prefix_sha256": payload.about["prefix_sha256"],
            "tail": payload.about["tail"],
            "position": request.position,
            "row": request.context["row"] + payload.body.count(b"\n"),
            "reading": request.context["reading"],
            "complete": complete,
        }

    def abandon(self, cursor: Cursor) -> Cursor:
        """The cursor as it is: a file that could not be read to its end is gone on with."""
        return cursor

    async def close(self) -> None:
        """Close the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    # Plan

    def _understand(self, path: Path) -> _Understood:
        sample = files.sample(path)
        beside = mapping.beside(path)
        declared = mapping.load(beside) if beside is not None else None
        wishes = (declared or mapping.Mapping()).wishes
        if not sample.head.strip():
            raise FileRefused("the file is empty", remedy="Fill it or remove it.")
        dialect = sniff(sample.head, whole=sample.whole, wishes=wishes)
        stem = mapping.stem_of(path)
        recognised = recognise(stem, dialect, declared)
        reading = recognised.reading
        notes = [f"{path.name}: read as {reading.layout}", *(f"{path.name}: {note}" for note in recognised.notes)]
        if dialect.encoding != "utf-8":
            notes.append(f"{path.name}: not UTF-8, read as {dialect.encoding}")
        period = f"@{reading.period}" if reading.period else ""
        fixed = declared is not None and declared.dataset is not None
        parent = path.absolute().parent.name
        stems = [stem, f"{parent}/{stem}", path.name, f"{parent}/{path.name}"]
        if declared is not None and declared.dataset is not None:
            stems = [declared.dataset]
        names = tuple(f"{name}{period}" for name in stems)
        candidate = Candidate(path, names, fixed, beside is not None, reading.to_json())
        return _Understood(candidate, dialect.skip, dialect.header, tuple(notes), sample.modified)

    def _stream(self, understood: _Understood, due: Due, told: Sequence[str]) -> Stream:
        path = understood.candidate.path
        if due.rival is not None:
            error = FileRefused(
                f"{path.name}: the dataset {due.dataset!r} is that of {due.rival.name}",
                remedy="Name another dataset in one of their mappings.",
            )
            return Stream(f"{PREFIX}{path}", (), {}, error=error)
        cursor = due.cursor
        offset = cursor.get("offset", 0)
        context: dict[str, Any] = {
            "offset": offset,
            "row": cursor.get("row", 0),
            "skip": understood.skip if not offset else 0,
            "rows": self._rows(Reading.from_json(due.reading)),
            "prefix_sha256": cursor.get("prefix_sha256", ""),
            "file_time": understood.modified.astimezone(UTC).isoformat(),
            "header": understood.header,
            "reading": due.reading,
        }
        request = Request(
            PREFIX + due.dataset,
            str(path),
            position=cursor.get("position", 0) + 1,
            dataset=due.dataset,
            period=due.reading.get("period", ""),
            context=context,
        )
        return Stream(request.stream, (request,), cursor, notes=(*understood.notes, *told))

    def _rows(self, reading: Reading) -> int:
        return max(min(self._batch_size, MAX_ORDINAL // max(len(reading.wide), 1)), 1)

    # Fetch

    def _fetch(self, request: Request) -> Payload:
        context = request.context
        file = self._open.pop(request.stream, None)
        if file is not None and file.offset != context["offset"]:
            file.close()
            file = None
        try:
            if file is None:
                delimiter = context["reading"]["delimiter"]
                file = OpenFile(Path(request.path), delimiter, context["offset"], context["prefix_sha256"])
            try:
                chunk = file.chunk(context["rows"], skip=context["skip"])
            except Skippable:
                file.close()
                raise
        except Skippable as error:
            raise FileRefused(f"{_name(request.path)}: {error.message}", remedy=error.remedy) from error
        if chunk.last:
            file.close()
        else:
            self._keep_open(request.stream, file)
        about = {
            "offset": context["offset"],
            "length": len(chunk.body),
            "prefix_sha256": chunk.prefix_sha256,
            "tail": chunk.tail,
        }
        simulated = context["reading"].get("simulated", False)
        return Payload(chunk.body, datetime.now(UTC), about, simulated=simulated, last=chunk.last)

    def _keep_open(self, stream: str, file: OpenFile) -> None:
        if len(self._open) >= _MAX_OPEN:
            self._open.pop(next(iter(self._open))).close()
        self._open[stream] = file

    def _next(self, request: Request, payload: Payload, rows: int) -> Request:
        context = {
            **request.context,
            "offset": request.context["offset"] + len(payload.body),
            "row": request.context["row"] + payload.body.count(b"\n"),
            "skip": 0,
            "prefix_sha256": payload.about.get("prefix_sha256", ""),
        }
        return msgspec.structs.replace(request, position=request.position + 1, context=context)


def _told(due: Due, twins: Sequence[Due], known: bool) -> list[str]:
    """What is told of where a file goes on, and of the files that hold the same bytes."""
    path = due.candidate.path
    told = [
        f"{twin.candidate.path.name}: holds the same bytes as {path.name} and isn't read"
        for twin in twins
        if twin.twin == path
    ]
    if due.cursor:
        told.append(f"{path.name}: goes on at byte {due.cursor['offset']} as {due.dataset}")
    elif known:
        told.append(f"{path.name}: changed, read again from its start")
    return told


def _name(path: str) -> str:
    return Path(path).name


def _renamed(stream: Stream, used: set[str]) -> Stream:
    """A broken file's stream, under a name that no other stream of this plan has."""
    name = stream.name
    while name in used:
        name += "!"
    used.add(name)
    return msgspec.structs.replace(stream, name=name)
