"""The catalogue: all assets with all their listings, searched and put in order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.board import Board
from kasparro.market.catalogue import AssetField, Catalogue, Listing, Wanted, is_linked, is_listed
from kasparro.market.snapshot import Snapshot
from tests.market.test_board import NOW, SOURCES, row

_NAMES = st.sampled_from([None, "Bit", "bitter", "ÄB", "x"])
_MAYBE = st.sampled_from([None, True, False])


@st.composite
def _listings(draw: Any) -> dict[int, Listing]:
    return {
        listing: Listing(
            listing, draw(st.sampled_from(SOURCES)), "", f"c{listing}", draw(st.sampled_from("abcd")), draw(_NAMES),
            draw(_NAMES), draw(_MAYBE),
        )
        for listing in draw(st.lists(st.integers(1, 20), unique=True, max_size=10))
    }  # fmt: skip


def _snapshot(draw: Any, listings: dict[int, Listing]) -> Snapshot:
    """Quotes of some of the listings."""
    return Snapshot(1, [
        row(one.listing_id, one.asset, one.source, rank=draw(st.sampled_from([None, 1, 2])),
            market_cap_usd=draw(st.sampled_from([None, Decimal(5), Decimal(7)])))
        for one in listings.values() if draw(st.booleans())
    ])  # fmt: skip


_WANTED = st.builds(
    Wanted, q=st.sampled_from([None, None, "BIT", "c1", "b", "äb", "\0", "coin"]),
    symbol=st.sampled_from([None, None, "bit", "X"]), source=st.sampled_from([None, None, "csv"]), linked=_MAYBE,
    listed=_MAYBE,
)  # fmt: skip


def _is_wanted(asset: str, listings: list[Listing], snapshot: Snapshot, wanted: Wanted) -> bool:
    quotes = [quoted for one in listings if (quoted := snapshot.row(one.listing_id)) is not None]
    texts = [asset, *(text for one in listings for text in (one.crypto_id, one.symbol, one.name) if text)]
    texts += [text for quoted in quotes for text in (quoted.crypto_id, quoted.symbol, quoted.crypto_name)]
    symbols = {text.casefold() for text in (*(one.symbol or "" for one in listings), *(q.symbol for q in quotes))}
    told = [one.active for one in listings if one.active is not None]
    return (
        (wanted.q is None or any(wanted.q.casefold() in text.casefold() for text in texts))
        and (wanted.symbol is None or wanted.symbol.casefold() in symbols)
        and (wanted.source is None or any(one.source == wanted.source for one in listings))
        and (wanted.linked is None or (len({one.source for one in listings}) > 1) == wanted.linked)
        and (wanted.listed is None or (any(told) or not told) == wanted.listed)
    )


@settings(max_examples=200, deadline=None)
@given(st.data(), _listings(), _WANTED)
def test_what_is_wanted_is_found_and_ordered(data: Any, listings: dict[int, Listing], wanted: Wanted) -> None:
    snapshot, catalogue = _snapshot(data.draw, listings), Catalogue(1, listings)
    board = Board(snapshot.sides, NOW, timedelta(hours=2), SOURCES)
    groups = {asset: [one for one in listings.values() if one.asset == asset] for asset in "abcd"}
    groups = {asset: group for asset, group in groups.items() if group}
    expected = {asset for asset, group in groups.items() if _is_wanted(asset, group, snapshot, wanted)}
    found = catalogue.search(wanted, snapshot)
    assert (set(groups) if found is None else found) == expected
    values = {
        "rank": board.ranks,
        "market_cap_usd": {asset: board.market_cap(asset) for asset in groups},
        "asset": {asset: asset for asset in groups},
    }
    for field in get_args(AssetField):
        for order in ("asc", "desc"):
            told = catalogue.arrange(found, board, field, order)
            assert sorted(told) == sorted(expected)
            keys: list[Any] = [values[field].get(asset) for asset in told]
            known = [key for key in keys if key is not None]
            assert keys == sorted(known, reverse=order == "desc") + [None] * (len(keys) - len(known))
            unknown = [asset for asset in told if values[field].get(asset) is None]
            assert unknown == sorted(unknown)


@given(_listings(), _listings())
def test_the_next_catalogue_is_as_if_made_anew(first: dict[int, Listing], changed: dict[int, Listing]) -> None:
    before = Catalogue(1, first)
    assert set(before.assets) == set(before.by_asset)
    after = before.after(2, changed.values())
    anew = Catalogue(2, first | changed)
    assert (after.version, after.listings, after.by_asset, after.assets) == (
        2,
        anew.listings,
        anew.by_asset,
        anew.assets,
    )
    assert [one.listing_id for one in after.with_id("C7")] == [7] * (7 in anew.listings)
    assert before.listings == first


def test_linked_and_listed() -> None:
    def listing(source: str, active: bool | None) -> Listing:
        return Listing(1, source, "", "c", "a", None, None, active)

    assert not is_linked([listing("csv", None), listing("csv", None)])
    assert is_linked([listing("csv", None), listing("coingecko", None)])
    assert is_listed([listing("csv", None)]) and is_listed([listing("x", False), listing("y", True)])
    assert not is_listed([listing("x", False), listing("y", None)])
