"""An answer: what the edge gives out when it answers by itself."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Fixed:
    """Headers that many answers have in common: as `pairs`, and as the `block` that is sent over the wire.

    Raises ValueError for what would end a header before its time.
    """

    __slots__ = ("block", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = list(pairs)
        if any(_CONTROL.search(value) for _, value in self.pairs):
            raise ValueError("a header's value with a control character")
        self.block = "".join([f"{name}: {value}\r\n" for name, value in self.pairs]).encode("latin-1")


class Answer(NamedTuple):
    """A whole answer, ready to be sent: `more` are its headers beside those of `fixed`, `body` its body in parts."""

    status: int
    fixed: Fixed
    more: list[tuple[str, str]]
    body: tuple[bytes, ...]
