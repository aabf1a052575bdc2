"""Preferences: what a header such as `Accept` lets through, read once for each of the texts that clients send."""

import re
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")
_LONGEST = 200
_MOST = 256


class Remembered(dict[str, Answer]):
    """What `read` makes of a header, found again by the header's text; the long ones are nobody's habit and aren't
    kept, so that what clients send doesn't fill the memory."""

    def __init__(self, read: Callable[[str], Answer]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, header: str) -> Answer:
        """Read and keep."""
        found = self._read(header)
        if len(header) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[header] = found
        return found


def weights(header: str) -> dict[str, float]:
    """What a header accepts, in lower case, and how much: from 0 (not at all) to 1 (RFC 9110, 12.4.2)."""
    accepted = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        given = [float(found[1]) for one in parameters if (found := _WEIGHT.fullmatch(one))]
        accepted[name] = given[-1] if given else 1.0
    return accepted
