"""Texts to be searched: thousands of short ones, for what they contain, in one pass."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

END = "\0"
"""What no text holds; it parts the texts that belong to one thing."""


class Texts:
    """What each of many things is called, compared without regard to case; a thing's names are parted by END."""

    def __init__(self, texts: Iterable[str]) -> None:
        # One text of all: one search instead of many.
        folded = [f"{text}{END}".casefold() for text in texts]
        self._text = "".join(folded)
        self._ends = list(accumulate(map(len, folded)))

    def containing(self, sought: str) -> list[int]:
        """Which of them, counted from 0, contain `sought`."""
        sought = sought.casefold()
        found: list[int] = []
        if END in sought:
            return found
        at = self._text.find(sought)
        while at >= 0:
            place = bisect_right(self._ends, at)
            found.append(place)
            at = self._text.find(sought, self._ends[place])
        return found
