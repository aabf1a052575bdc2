"""An answer: what the edge gives out when it answers by itself."""

from collections.abc import Iterable
from typing import NamedTuple


class Fixed:
    """Headers that many answers have in common: as `pairs`, and as the `block` that is sent over the wire."""

    __slots__ = ("block", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = list(pairs)
        self.block = "".join([f"{name}: {value}\r\n" for name, value in self.pairs]).encode("latin-1")


class Answer(NamedTuple):
    """A whole answer, ready to be sent: `more` are its headers beside those of `fixed`, `body` its body in parts."""

    status: int
    fixed: Fixed
    more: list[tuple[str, str]]
    body: tuple[bytes, ...]
