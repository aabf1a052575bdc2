"""Answers made of plain values: rendered as JSON once, and kept by the edge like all others."""

import re
from typing import Any

import msgspec

from kasparro.api.exchange import Rendered

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_FOLDERS = re.compile(r"(?<![\w:/.])~?/(?:[^/\s:'\"]+/)+")


def answer(question: str | None, members: dict[str, Any], headers: dict[str, str] | None = None) -> Rendered:
    """`members` as the answer to `question` (None: not to be kept).

    Times are in UTC with `Z`, decimals have all their digits.
    """
    return Rendered(question, _ENCODER.encode(members)[:-1], headers)


def without_folders(text: str) -> str:
    """`text` with files named, and the folders that they lie in left out: those are nobody's business."""
    return _FOLDERS.sub("", text)
