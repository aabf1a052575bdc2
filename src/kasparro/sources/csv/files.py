"""Files: which ones a pattern names, and how their bytes are opened."""

import glob
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path

import msgspec

from kasparro.errors import Skippable
from kasparro.sources.csv.dialect import CHUNK_BYTES
from kasparro.sources.csv.errors import FileRefused

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""What a directory's files must end in; a file or a glob may name any file."""

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a plain or a compressed file may raise."""

_GZIP = b"\x1f\x8b"
_SAMPLES = (64 * 1024, 1024 * 1024, CHUNK_BYTES)
_SAMPLE_LINES = 10


class Sample(msgspec.Struct, frozen=True):
    """The first bytes of a file (decompressed), whether they are all of it, when it was modified (UTC)."""

    head: bytes
    whole: bool
    modified: datetime


def matching(pattern: str) -> list[Path]:
    """The files that a path, a directory or a glob names, sorted. Raises Skippable when there is none."""
    path = Path(pattern).expanduser()
    name = path.name
    if path.is_dir():
        found = [p for p in path.iterdir() if p.name.lower().endswith(ENDINGS) and not p.name.startswith(".")]
        missing = f"the directory {name!r} holds no CSV file (of {', '.join(ENDINGS)})"
    elif path.exists():
        return [path]
    else:
        found = [Path(p) for p in glob.glob(str(path), recursive=True) if not p.endswith(".toml")]  # noqa: PTH207
        is_glob = glob.has_magic(pattern)
        missing = f"no file matches {name!r}" if is_glob else f"there is no file {name!r}"
    files = sorted(p for p in found if not p.is_dir())
    if not files:
        raise FileRefused(missing, remedy="Set CSV_PATH to a CSV file, a directory that holds some, or a glob.")
    return files


def opened(path: Path) -> BufferedReader | gzip.GzipFile:
    """The file's bytes from the start, decompressed when its content is gzip. Raises OSError."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")


def sample(path: Path) -> Sample:
    """The first bytes of a file, as many as its rows need. Raises Skippable."""
    if path.exists() and not path.is_file():
        raise FileRefused("it isn't a regular file", remedy="Give a file, a directory or a glob in CSV_PATH.")
    try:
        modified = path.stat().st_mtime_ns // 1000
        with opened(path) as file:
            head = b""
            for size in _SAMPLES:
                head += file.read(size - len(head))
                if len(head) < size or head.count(b"\n") >= _SAMPLE_LINES:
                    break
            whole = not file.read(1)
    except READ_ERRORS as error:
        raise unreadable(error) from error
    return Sample(head, whole, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=modified))


def unreadable(error: BaseException) -> Skippable:
    """The error of a file that the system or gzip can't read."""
    if isinstance(error, PermissionError):
        return FileRefused("the file can't be read: permission denied", remedy="Give its reader the right to read it.")
    if isinstance(error, FileNotFoundError):
        return FileRefused("the file is gone", remedy="Run again; CSV_PATH says where files are looked for.")
    if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
        return FileRefused(f"the gzip file is damaged: {error}", remedy="Get it again from where it came from.")
    # The text of the error itself would have the whole path in it.
    why = getattr(error, "strerror", None) or type(error).__name__
    return FileRefused(f"the file can't be read: {why}", remedy="Check the file and its disk.")
