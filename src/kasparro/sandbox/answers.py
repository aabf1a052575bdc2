"""What the sandbox says: a status, headers and a body, with the error bodies of each provider."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import msgspec

JSON = "application/json; charset=utf-8"
SYNTHETIC = "synthetic"
RECORDED = "recorded"


@dataclass(frozen=True)
class Answer:
    """One answer. `records` are the texts of the body's elements when the body is an array, else None.

    `volatile` answers depend on the second they were asked in and are never reused.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    records: tuple[bytes, ...] | None = None
    content_type: str = JSON
    origin: str = SYNTHETIC
    volatile: bool = False

    # Packing costs more than serving, and one answer is served many times: both are worked out once.
    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.body, compresslevel=5, mtime=0)

    @cached_property
    def etag(self) -> str:
        return f'W/"{blake2b(self.body, digest_size=16).hexdigest()}"'


def array(records: Iterable[bytes], headers: tuple[tuple[str, str], ...] = (), origin: str = SYNTHETIC) -> Answer:
    """A 200 whose body is the array of these record texts, untouched."""
    texts = tuple(records)
    return Answer(200, b"[" + b",".join(texts) + b"]", headers, texts, origin=origin)


def document(value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A body that isn't a list of records; `value` is anything msgspec encodes."""
    return Answer(status, msgspec.json.encode(value), headers)


def counted(text: str, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`, None if the text is anything else."""
    # Nine digits are enough for any parameter; Python refuses to read numbers of some thousands.
    number = int(text) if text.isdecimal() and len(text) <= 9 else -1
    return number if least <= number <= most else None


def quote(text: str) -> str:
    """A text as a JSON string."""
    return msgspec.json.encode(text).decode()
