"""The cursor of a paged sweep."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.sources.contract import Cursor
from kasparro.sources.sweep import RESUME_WITHIN, is_due, left, mark, start_or_resume

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def swept(*pages: int) -> Cursor:
    cursor = start_or_resume(None, NOW)
    for page in pages:
        cursor = mark(cursor, page, complete=False)
    return cursor


@given(st.lists(st.integers(1, 60)))
def test_pages_marked_in_any_order_give_compact_ranges_and_their_complement(pages: list[int]) -> None:
    cursor = swept(*pages)
    ranges = cursor["done"]
    covered = [page for first, last in ranges for page in range(first, last + 1)]
    assert covered == sorted(set(pages))
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
    assert left(cursor, range(1, 61)) == [page for page in range(1, 61) if page not in pages]


@given(st.permutations(range(1, 9)))
def test_a_whole_sweep_is_one_range_whatever_the_order(pages: list[int]) -> None:
    assert swept(*pages)["done"] == [[1, 8]]


def test_marking_leaves_the_old_cursor_as_it_was() -> None:
    before = swept(1, 3)
    mark(before, 2, complete=True)
    assert before == swept(1, 3)


@given(st.timedeltas(timedelta(0), RESUME_WITHIN - timedelta(microseconds=1)))
def test_a_young_unfinished_sweep_is_gone_on_with(age: timedelta) -> None:
    assert start_or_resume(swept(1, 2), NOW + age) == swept(1, 2)


@pytest.mark.parametrize("cursor", [None, mark(swept(1), 2, complete=True), swept(1)])
def test_a_finished_old_or_absent_sweep_starts_anew(cursor: Cursor | None) -> None:
    later = NOW + RESUME_WITHIN
    assert start_or_resume(cursor, later) == {"sweep_at": later.isoformat(), "done": [], "complete": False}


def test_a_list_is_due_until_complete_and_again_after_its_time() -> None:
    complete = mark(swept(), 1, complete=True)
    assert is_due(None, NOW, DAY)
    assert is_due(swept(1), NOW, DAY)
    assert not is_due(complete, NOW + DAY - timedelta(seconds=1), DAY)
    assert is_due(complete, NOW + DAY, DAY)
