"""Snapshots against the plainest way to say the same: lists, `sorted` and comparisons of decimals."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.row import Row
from kasparro.market.snapshot import Filters, Snapshot, SortField
from kasparro.market.sorting import Key, Order

_FIELDS: tuple[SortField, ...] = get_args(SortField)
_ORDERS: tuple[Order, ...] = get_args(Order)
_START = datetime(2026, 3, 1, tzinfo=UTC)
_AMOUNTS = st.one_of(
    st.none(), st.sampled_from([Decimal(text) for text in ("0", "-0", "1", "1.0", "1E-18", "1e76", "-2.5", "2", "10")])
)
_TEXTS = st.sampled_from(["", "a", "A", "ab", "b", "ß", "SS", "ÄB", "ä", "\U0001f680", "none", "İ"])


def _row(listing_id: int, draw: Any) -> Row:
    return Row(
        listing_id=listing_id, quote_id=draw(st.integers(1, 2**50)), source=draw(st.sampled_from(["csv", "coingecko"])),
        crypto_id=draw(_TEXTS), symbol=draw(_TEXTS), crypto_name=draw(_TEXTS),
        asset=draw(st.one_of(st.none(), _TEXTS)), rank=draw(st.one_of(st.none(), st.integers(1, 3))),
        price_usd=draw(_AMOUNTS), market_cap_usd=draw(_AMOUNTS), volume_24h_usd=draw(_AMOUNTS),
        change_24h_percent=draw(_AMOUNTS), observed_at=_START + timedelta(seconds=draw(st.integers(-2, 2))),
        retracted=draw(st.sampled_from([False, False, False, True])), body=f'{{"listing":{listing_id}',
    )  # fmt: skip


@st.composite
def _rows(draw: Any) -> list[Row]:
    ids = draw(st.lists(st.integers(1, 40), unique=True, max_size=12))
    return [_row(listing_id, draw) for listing_id in ids]


@st.composite
def _changes(draw: Any) -> list[list[Row]]:
    """Rows that are there at first, and how some of them change, step by step."""
    steps = draw(st.lists(st.lists(st.integers(1, 9), unique=True, max_size=6), min_size=1, max_size=5))
    return [[_row(listing_id, draw) for listing_id in ids] for ids in steps]


_FILTERS = st.builds(
    Filters,
    source=st.one_of(st.none(), st.sampled_from(["csv", "CSV"])),
    crypto_id=st.one_of(st.none(), st.none(), _TEXTS),
    symbol=st.one_of(st.none(), st.none(), _TEXTS),
    asset=st.one_of(st.none(), st.none(), st.none(), _TEXTS),
    q=st.one_of(st.none(), st.none(), st.sampled_from(["a", "B", "ss", "\0", "\n", "none", "i"])),
    min_price=st.one_of(st.none(), st.none(), st.sampled_from([Decimal(0), Decimal("1.00"), Decimal("1E-19")])),
    max_price=st.one_of(st.none(), st.none(), st.sampled_from([Decimal(0), Decimal(1), Decimal("1e75")])),
)


def _naive(rows: list[Row], filters: Filters, field: SortField, order: Order) -> list[Row]:
    """All rows that `filters` let through, in order."""
    found: dict[str, Callable[[Row], Any]] = {
        "created_at": lambda row: row.quote_id,
        "crypto_name": lambda row: row.crypto_name.casefold(),
        "symbol": lambda row: row.symbol.casefold(),
    }
    value: Callable[[Row], Any] = found.get(field, lambda row: getattr(row, field))
    chosen = [row for row in rows if not row.retracted and _passes(row, filters)]
    known = [row for row in chosen if value(row) is not None]
    known.sort(key=lambda row: (value(row), row.listing_id), reverse=order == "desc")
    unknown = [row for row in chosen if value(row) is None]
    return known + sorted(unknown, key=lambda row: row.listing_id, reverse=order == "desc")


def _passes(row: Row, filters: Filters) -> bool:
    for field in ("source", "crypto_id", "symbol", "asset"):
        wanted, found = getattr(filters, field), getattr(row, field)
        if wanted is not None and (found is None or found.casefold() != wanted.casefold()):
            return False
    texts = (row.crypto_id, row.symbol, row.crypto_name)
    if filters.q is not None and not any(filters.q.casefold() in text.casefold() for text in texts):
        return False
    if (filters.min_price is not None or filters.max_price is not None) and row.price_usd is None:
        return False
    if filters.min_price is not None and row.price_usd is not None and row.price_usd < filters.min_price:
        return False
    return filters.max_price is None or row.price_usd is None or row.price_usd <= filters.max_price


@settings(max_examples=300, deadline=None)
@given(_rows(), _FILTERS, st.sampled_from(_FIELDS), st.sampled_from(_ORDERS), st.integers(1, 5))
def test_pages_by_number_offset_and_cursor_agree_with_a_plain_list(
    rows: list[Row], filters: Filters, field: SortField, order: Order, limit: int
) -> None:
    snapshot, wanted = Snapshot(1, rows), _naive(rows, filters, field, order)
    beyond: Key | None = None
    for offset in range(0, len(wanted) + limit, limit):
        by_offset = snapshot.page(filters, field, order, limit=limit, offset=offset)
        assert by_offset.rows == wanted[offset : offset + limit]
        assert (by_offset.total, by_offset.offset) == (len(wanted), offset)
        assert (by_offset.last is not None) == (offset + limit < len(wanted))
        if beyond is not None or not offset:
            by_cursor = snapshot.page(filters, field, order, limit=limit, beyond=beyond)
            assert by_cursor == by_offset
            beyond = by_cursor.last
    assert sorted(snapshot.find(filters), key=id) == sorted(wanted, key=id)


@settings(max_examples=200, deadline=None)
@given(_changes(), _FILTERS, st.sampled_from(_FIELDS), st.sampled_from(_ORDERS), st.booleans())
def test_a_snapshot_after_changes_is_the_one_built_anew(
    steps: list[list[Row]], filters: Filters, field: SortField, order: Order, asked_between: bool
) -> None:
    snapshot, rows = Snapshot(0, ()), dict[int, Row]()
    for version, changed in enumerate(steps, 1):
        former, before = snapshot, list(rows.values())
        snapshot = snapshot.after(version, changed)
        rows |= {row.listing_id: row for row in changed}
        if asked_between or version == len(steps):
            assert snapshot.page(filters, field, order, limit=50).rows == _naive(
                list(rows.values()), filters, field, order
            )
        if asked_between:
            assert former.page(filters, field, order, limit=50).rows == _naive(before, filters, field, order)
    assert snapshot.version == len(steps)


_STEADY = ("source", "crypto_id", "symbol", "crypto_name", "asset", "retracted")
_EACH_FILTER = [
    msgspec.convert({name: text}, Filters)
    for name in ("source", "crypto_id", "symbol", "asset", "q")
    for text in ("a", "ab", "b", "ss", "csv")
]


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_few_changes_among_many_rows_are_put_in_their_places(data: st.DataObject) -> None:
    """With whatever was asked for before: what is shared, and what is made anew, are what they would be anew."""
    rows = {listing: _row(listing, data.draw) for listing in range(1, data.draw(st.integers(20, 60)))}
    snapshot = Snapshot(1, list(rows.values()))
    for version in range(2, 2 + data.draw(st.integers(1, 4))):
        for field in data.draw(st.lists(st.sampled_from(_FIELDS), max_size=4)):
            snapshot.page(Filters(), field, "asc", limit=1)
        if data.draw(st.booleans()):
            assert snapshot.sides.assets is not None
            assert [snapshot.find(filters) for filters in _EACH_FILTER]
        changed = []
        for listing in data.draw(st.lists(st.integers(1, 62 if data.draw(st.booleans()) else 20), max_size=3)):
            new = _row(listing, data.draw)
            if listing in rows:
                # Mostly one of these changes at a time, if any.
                moved = data.draw(st.sampled_from([None, *_STEADY]))
                kept = {name: getattr(rows[listing], name) for name in _STEADY if name != moved}
                new = msgspec.structs.replace(new, **kept)
            rows[listing] = new
            changed.append(new)
        snapshot = snapshot.after(version, changed)
    anew = Snapshot(snapshot.version, list(rows.values()))
    for field in _FIELDS:
        for order in _ORDERS:
            page = snapshot.page(Filters(), field, order, limit=99)
            assert page == anew.page(Filters(), field, order, limit=99)
    for filters in _EACH_FILTER:
        assert snapshot.find(filters) == anew.find(filters)
    now, before = snapshot.sides, anew.sides
    assert (now.assets, now.unlinked) == (before.assets, before.unlinked)
    for column in ("sizes", "starts", "one_each", "price_usd", "market_cap_usd", "observed_at", "rank"):
        np.testing.assert_array_equal(getattr(now, column), getattr(before, column))
    assert all(now.rows(asset) == before.rows(asset) for asset in before.assets)
    assert all(snapshot.row(listing) == anew.row(listing) for listing in range(1, 63))


@settings(max_examples=100, deadline=None)
@given(_rows(), st.sampled_from(_FIELDS), st.sampled_from(_ORDERS), st.integers(1, 3), st.data())
def test_a_walk_by_cursor_gives_each_row_once_though_others_come_in_between(
    rows: list[Row], field: SortField, order: Order, limit: int, data: st.DataObject
) -> None:
    snapshot, wanted = Snapshot(1, rows), _naive(rows, Filters(), field, order)
    seen: list[Row] = []
    page = snapshot.page(Filters(), field, order, limit=limit)
    seen += page.rows
    while page.last is not None:
        new = _row(data.draw(st.integers(100, 200)), data.draw)
        snapshot = snapshot.after(snapshot.version + 1, [new])
        page = snapshot.page(Filters(), field, order, limit=limit, beyond=page.last)
        seen += page.rows
    assert [row for row in seen if row.listing_id < 100] == wanted
