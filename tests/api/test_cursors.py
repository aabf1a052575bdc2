"""Cursors: read back as they were written, whatever the row; and whatever has their form is one."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.api.cursors import PATTERN, Cursor, read_cursor
from kasparro.api.quotes import EPOCH
from kasparro.market.row import Row
from kasparro.market.snapshot import Filters, Snapshot, SortField

_AMOUNTS = st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False), st.just(Decimal("-1e999")),
                     st.just(Decimal("1e-999")), st.just(Decimal(10**999 + 1)))  # fmt: skip
_TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.just("ΐ" * 500), st.just("none"))
_VALUES: dict[SortField, st.SearchStrategy[Any]] = {
    "created_at": st.integers(1, 2**63 - 1),
    "rank": st.one_of(st.none(), st.integers(1, 2**31 - 1)),
    "observed_at": st.integers(-(10**15), 10**15).map(lambda us: EPOCH + timedelta(microseconds=us)),
    "crypto_name": _TEXTS.map(str.casefold),
    "symbol": _TEXTS.map(str.casefold),
}


@st.composite
def _cursors(draw: Any) -> Cursor:
    field = draw(st.sampled_from(get_args(SortField)))
    value = draw(_VALUES.get(field, _AMOUNTS))
    return Cursor(
        field,
        draw(st.sampled_from(["asc", "desc"])),
        (value, draw(st.integers(1, 2**31 - 1))),
        draw(st.integers(0, 2**63 - 1)),
    )


@settings(deadline=None)
@given(_cursors())
def test_a_cursor_is_read_back_as_it_was_written(cursor: Cursor) -> None:
    assert re.fullmatch(PATTERN, cursor.text())
    assert read_cursor(cursor.text()) == cursor


@settings(deadline=None)
@given(st.from_regex(PATTERN, fullmatch=True))
def test_whatever_has_the_form_is_a_cursor_that_leads_to_a_page(text: str) -> None:
    cursor = read_cursor(text)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        Row(n, n << 20, "csv", "a", "b", "c", None, n or None, price, price, price, price, now, False, "{")
        for n, price in ((0, None), (1, Decimal(1)))
    ]
    page = Snapshot(1, rows).page(Filters(), cursor.sort_by, cursor.order, limit=10, beyond=cursor.key)
    assert page.total == 2 and len(page.rows) == 2 - page.offset


@pytest.mark.parametrize(
    "text", ["", "rank", "rank.asc.1", "rank.asc.1.1", "rank.asc.1.1.1.1", "rank.asc.x.1.1", "rank.up.1.1.1",
             "password.asc.1.1.1", "created_at.asc.none.1.1", "crypto_name.asc.zz.1.1", "crypto_name.asc.a.1.1",
             "price_usd.asc.1e5.1.1", "price_usd.asc.١.1.1", "rank.asc.1.1.1\n", "rank.asc..1.1", "rank.asc.1.1.none"]
)  # fmt: skip
def test_what_has_not_the_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="next_cursor"):
        read_cursor(text)
