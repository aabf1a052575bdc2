"""Answers made of plain values: rendered as JSON once, and kept by the edge like all others."""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from pydantic import BaseModel, Field

from kasparro.api.exchange import Rendered
from kasparro.api.parameters import Whole

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_FOLDERS = re.compile(r"(?<![\w:/.])~?/(?:[^/\s:'\"]+/)+")


def answer(question: str | None, members: dict[str, Any], headers: dict[str, str] | None = None) -> Rendered:
    """`members` as the answer to `question` (None: not to be kept).

    Times are in UTC with `Z`, decimals have all their digits.
    """
    return Rendered(question, _ENCODER.encode(members)[:-1], headers)


class Numbered(BaseModel):
    """A page of what is numbered, newest first."""

    limit: Whole = Field(20, ge=1, le=100, description="Entries of a page")
    cursor: str | None = Field(None, pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before")

    @property
    def before(self) -> int | None:
        """The number before which the page begins."""
        return int(self.cursor) if self.cursor else None

    def page(self, path: str, rows: list[dict[str, Any]], number: str, **beside: Any) -> Rendered:
        """The page of `rows`, of which there is one more than fits where more follow; `number` names their numbers.

        `beside` are further members of the answer.
        """
        following = str(rows[self.limit - 1][number]) if len(rows) > self.limit else None
        given = self.model_dump(exclude_unset=True, exclude_none=True)
        headers = {"link": f'<{path}?{urlencode(given | {"cursor": following})}>; rel="next"'} if following else {}
        members = {"data": rows[: self.limit], "next_cursor": following, **beside}
        return answer(f"{path}?{urlencode(sorted(given.items()))}", members, headers)


def without_folders(text: str) -> str:
    """`text` with files named, and the folders that they lie in left out: those are nobody's business."""
    return _FOLDERS.sub("", text)
