"""Pages read as a program reads them: the exact values behind what is shown."""

from collections.abc import Iterable
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any


class _Values(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[str] = []
        self.moments: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        # What only the clock decides is another number a moment later.
        if tag == "data" and given.get("class") != "clock":
            self.numbers.append(given["value"] or "")
            if self.rows:
                self.rows[-1].append(given["value"] or "")
        if tag == "time":
            self.moments.append(given["datetime"] or "")


def values_of(page: str) -> _Values:
    """The exact numbers and moments that a page shows, and its tables' numbers row by row."""
    found = _Values()
    found.feed(page)
    return found


def scalars(answer: Any) -> Iterable[Any]:
    """All that an answer says, member by member."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from scalars(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from scalars(value)
    else:
        yield answer


def numbers_of(answer: Any) -> set[Decimal]:
    """All numbers that an answer says."""
    return {
        Decimal(value) for value in scalars(answer) if isinstance(value, int | Decimal) and not isinstance(value, bool)
    }
