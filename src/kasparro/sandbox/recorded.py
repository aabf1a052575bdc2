"""Recorded payloads: what a directory of JSON files holds, recognised by content, kept to the byte."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from kasparro.errors import ExitCode, Fatal

_DATE = re.compile(r"(?<!\d)20\d\d(?:-\d\d){0,2}(?!\d)")


class RecordingError(Fatal):
    """The directory of recordings can't be used."""

    exit_code = ExitCode.INPUT


class Kind(StrEnum):
    """Which endpoint a recording was taken from."""

    MARKETS = "coingecko /coins/markets"
    COIN_LIST = "coingecko /coins/list"
    PLATFORM_LIST = "coingecko /coins/list?include_platform=true"
    MARKET_CHART = "coingecko /coins/{id}/market_chart"
    COINS = "coinpaprika /coins"
    TICKERS = "coinpaprika /tickers"
    TICKER = "coinpaprika /tickers/{id}"


class _Identity(msgspec.Struct):
    id: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded payload: its records' texts, untouched, and the day in its file's name (or nothing)."""

    kind: Kind
    file: str
    day: str
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """The recordings of a directory, newest first, and the files that are none."""

    recordings: tuple[Recording, ...]
    unknown: tuple[str, ...]

    def of(self, kind: Kind) -> tuple[Recording, ...]:
        """The recordings of one endpoint, newest first."""
        return tuple(recording for recording in self.recordings if recording.kind is kind)

    def notes(self) -> tuple[str, ...]:
        """One line per file: what it is and whether it is served, or that nobody knows it."""
        lines = []
        seen: set[Kind] = set()
        for recording in self.recordings:
            alone = recording.kind not in (Kind.TICKER, Kind.MARKET_CHART)
            older = alone and recording.kind in seen
            seen.add(recording.kind)
            note = "not served, a newer one is" if older else "served"
            lines.append(f"{recording.file}: {recording.kind}, {len(recording.records)} records, {note}")
        return (*lines, *(f"{file}: not recognised" for file in self.unknown))


def identity(record: bytes) -> str:
    """The `id` of a record, empty if it has none that is a text."""
    try:
        return msgspec.json.decode(record, type=_Identity).id
    except msgspec.MsgspecError:
        return ""


def load(directory: Path) -> Library:
    """The library of all `*.json` files directly in `directory`.

    Raises RecordingError if it is no directory, or holds nothing recognisable.
    """
    if not directory.is_dir():
        raise RecordingError(f"{directory} is no directory", remedy="Name a directory of recorded JSON payloads.")
    recordings, unknown = [], []
    for path in sorted(directory.glob("*.json")):
        recording = _recognise(path.name, path.read_bytes())
        if recording is None:
            unknown.append(path.name)
        else:
            recordings.append(recording)
    if not recordings:
        raise RecordingError(
            f"{directory} holds no payload that the sandbox recognises",
            remedy="Put JSON answers of CoinGecko or CoinPaprika there, as they were received.",
        )
    recordings.sort(key=lambda recording: (recording.day, recording.file), reverse=True)
    return Library(tuple(recordings), tuple(unknown))


def _recognise(file: str, payload: bytes) -> Recording | None:
    found = _DATE.search(file)
    try:
        kind, records = _contents(payload)
    except msgspec.MsgspecError:
        return None
    return Recording(kind, file, found.group() if found else "", records) if kind else None


def _contents(payload: bytes) -> tuple[Kind | None, tuple[bytes, ...]]:
    text = payload.strip()
    if text.startswith(b"{"):
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if fields.keys() >= {"prices", "market_caps", "total_volumes"}:
            return Kind.MARKET_CHART, (text,)
        if fields.keys() >= {"id", "symbol", "quotes"}:
            return Kind.TICKER, (text,)
        arrays = [bytes(value) for value in fields.values() if bytes(value).startswith(b"[")]
        if len(arrays) != 1:
            return None, ()
        text = arrays[0]
    records = tuple(bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw]))
    return (_kind_of(records[0]) if records else None), records


def _kind_of(record: bytes) -> Kind | None:
    if not record.startswith(b"{"):
        return None
    names = msgspec.json.decode(record, type=dict[str, msgspec.Raw]).keys()
    if not names >= {"id", "symbol", "name"}:
        return None
    for mark, kind in (
        ("current_price", Kind.MARKETS),
        ("quotes", Kind.TICKERS),
        ("is_active", Kind.COINS),
        ("platforms", Kind.PLATFORM_LIST),
    ):
        if mark in names:
            return kind
    return Kind.COIN_LIST if len(names) == 3 else None
