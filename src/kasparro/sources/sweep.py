"""The cursor of a paged sweep: which pages of the current one are committed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kasparro.sources.contract import Cursor

RESUME_WITHIN = timedelta(hours=6)
"""A sweep that was cut off (a crash, a stop, the end of its time) is gone on with while younger than this: a
ranking shifts little in that time, while a sweep under a small rate limit may need several runs to end."""


def start_or_resume(cursor: Cursor | None, now: datetime) -> Cursor:
    """The cursor to work from: the unfinished sweep's own, or that of a new sweep that starts `now` (UTC)."""
    if cursor and not cursor["complete"] and now - _began(cursor) < RESUME_WITHIN:
        return cursor
    return {"sweep_at": now.isoformat(), "done": [], "complete": False}


def is_due(cursor: Cursor | None, now: datetime, every: timedelta) -> bool:
    """Whether a list that changes slowly should be swept again: never finished, or begun `every` ago."""
    return not cursor or not cursor["complete"] or now - _began(cursor) >= every


def left(cursor: Cursor, pages: Iterable[int]) -> list[int]:
    """Those of `pages` that the sweep has not committed yet."""
    return [page for page in pages if not any(first <= page <= last for first, last in cursor["done"])]


def mark(cursor: Cursor, page: int, *, complete: bool) -> Cursor:
    """The cursor after `page` is committed too."""
    return {**cursor, "done": _with(cursor["done"], page), "complete": complete}


def abandon(cursor: Cursor) -> Cursor:
    """The cursor of a sweep that was tried to its end though pages are missing: the next one starts anew.

    Going on with such a sweep would ask for the missing pages only, and leave all others as they are.
    """
    return {**cursor, "complete": True}


def _began(cursor: Cursor) -> datetime:
    return datetime.fromisoformat(cursor["sweep_at"])


def _with(done: list[list[int]], page: int) -> list[list[int]]:
    ranges: list[list[int]] = []
    for first, last in sorted([*done, [page, page]]):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1][1] = max(last, ranges[-1][1])
        else:
            ranges.append([first, last])
    return ranges
