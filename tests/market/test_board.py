"""The board: market caps, ranking and disagreements of all assets, against the plainest way to find them."""

import gc
import weakref
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.board import Board, LeftOut
from kasparro.market.consensus import ListingQuote
from kasparro.market.disagreement import Measure, spread
from kasparro.market.row import Row
from kasparro.market.snapshot import Snapshot

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FRESH = timedelta(hours=2)
SOURCES = ("coinpaprika", "coingecko", "csv")
_AMOUNTS = st.sampled_from(
    [None, *map(Decimal, ("0", "-1", "1", "1.00", "1.0000000000000000000001", "1.02", "1.021", "1.5", "1E-400",
                          "1E+400", "1E-399", "123456789012345678901234567890.5"))]
)  # fmt: skip


def row(listing: int, asset: str | None, source: str = "coingecko", **more: Any) -> Row:
    """A fresh quote, as far as nothing else is said."""
    given: dict[str, Any] = {
        "rank": None,
        "price_usd": None,
        "market_cap_usd": None,
        "observed_at": NOW,
        "retracted": False,
    }
    return Row(
        listing_id=listing, quote_id=listing << 20, source=source, crypto_id=f"c{listing}", symbol="X",
        crypto_name=f"Coin {listing}", asset=asset, volume_24h_usd=None, change_24h_percent=None,
        body='{"simulated":false', **(given | more),
    )  # fmt: skip


def board(*rows: Row, now: datetime = NOW, fresh_for: timedelta = FRESH) -> Board:
    return Board(Snapshot(1, rows).sides, now, fresh_for, SOURCES)


@st.composite
def _rows(draw: Any) -> list[Row]:
    return [
        row(listing, draw(st.sampled_from([None, "a", "b", "b", "c", "d"])), draw(st.sampled_from(SOURCES)),
            rank=draw(st.sampled_from([None, 1, 2])), price_usd=draw(_AMOUNTS), market_cap_usd=draw(_AMOUNTS),
            observed_at=NOW - timedelta(minutes=draw(st.sampled_from([0, 0, 3, 14, 16, 119, 120, 121, 500]))),
            retracted=draw(st.sampled_from([False, False, False, True])))
        for listing in draw(st.lists(st.integers(1, 30), unique=True, max_size=12))
    ]  # fmt: skip


def _by_asset(rows: list[Row]) -> dict[str, list[Row]]:
    groups = defaultdict(list)
    for one in rows:
        if one.asset is not None and not one.retracted:
            groups[one.asset].append(one)
    return groups


def _cap(rows: list[Row]) -> Decimal | None:
    votes: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        if one.observed_at >= NOW - FRESH and one.market_cap_usd is not None and one.market_cap_usd > 0:
            votes[one.source].append(one)
    newest = [min(said, key=lambda one: (NOW - one.observed_at, one.listing_id)) for said in votes.values()]
    return median(sorted(one.market_cap_usd for one in newest if one.market_cap_usd)) if newest else None


@settings(max_examples=300, deadline=None)
@given(_rows())
def test_market_caps_ranks_and_ranking(rows: list[Row]) -> None:
    groups, found = _by_asset(rows), board(*rows)
    fresh = {asset for asset, said in groups.items() if any(one.observed_at >= NOW - FRESH for one in said)}
    caps = {asset: _cap(groups[asset]) for asset in fresh}
    for asset, cap in caps.items():
        told = found.market_cap(asset)
        # The median here is exact, that of the standard library is rounded to 28 digits.
        assert told == cap or (told is not None and cap is not None and abs(told / cap - 1) < Decimal("1e-25"))
    exact = {asset: found.market_cap(asset) for asset in fresh}
    # By name first, then stably by cap: a negated cap would be rounded to 28 digits.
    known = sorted(asset for asset in fresh if exact[asset] is not None)
    known.sort(key=lambda asset: exact[asset] or 0, reverse=True)
    unknown = sorted(asset for asset in fresh if exact[asset] is None)
    assert list(found.ranking) == known + unknown
    places = found.places(0, 100)
    assert [place.asset for place in places] == known + unknown
    assert [place.rank for place in places] == [*range(1, len(known) + 1), *(None for _ in unknown)]
    assert found.places(1, 3) == places[1:3]
    for asset, said in groups.items():
        ranked = [one for one in said if one.rank is not None]
        of_fresh = [one for one in ranked if one.observed_at >= NOW - FRESH]
        best = min((one.rank or 0 for one in of_fresh or ranked), default=None)
        assert (found.ranks.get(asset), found.rank(asset)) == (best, best)
    shown = [one for one in rows if not one.retracted]
    assert found.left_out == LeftOut(
        stale=sum(one.asset is not None and one.asset not in fresh for one in shown),
        unlinked=sum(one.asset is None for one in shown),
    )


@settings(max_examples=300, deadline=None)
@given(_rows(), st.sampled_from(["0", "2", "2.1", "50", "1e400"]), st.sampled_from(["0", "2", "49.9999"]))
def test_disagreements_are_all_that_an_exact_look_at_each_asset_finds(rows: list[Row], price: str, cap: str) -> None:
    limits = {Measure.PRICE: Decimal(price), Measure.MARKET_CAP: Decimal(cap)}
    expected = []
    for asset, said in _by_asset(rows).items():
        quotes = [
            ListingQuote(one.source, one.dataset, one.listing_id, one.observed_at, one.price_usd, one.market_cap_usd)
            for one in said
        ]
        for measure, limit in limits.items():
            told = spread(measure, quotes, NOW, FRESH)
            if told is not None and told.difference_percent > limit:
                expected.append((-told.difference_percent, asset, measure, told))
    found = board(*rows).disagreements(limits)
    assert [(one.asset, one.spread) for one in found] == [
        one[1::2] for one in sorted(expected, key=lambda one: one[:3])
    ]


@given(_rows(), st.integers(0, 600))
def test_a_board_looks_the_same_from_the_moment_that_it_names_on(rows: list[Row], minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes - 300)
    found = board(*rows, now=now)
    earlier = now - timedelta(days=1) if found.same_since is None else found.same_since + timedelta(microseconds=1)
    other = board(*rows, now=min(earlier, now))
    assert (other.places(0, 100), other.ranks) == (found.places(0, 100), found.ranks)
    if found.same_since is not None:
        assert board(*rows, now=found.same_since).same_since != found.same_since


def test_an_asset_is_called_as_the_first_source_calls_it() -> None:
    found = board(
        row(1, "a", "csv"), row(2, "a", "coingecko", observed_at=NOW - FRESH), row(3, "a", "coingecko"), row(4, "b")
    )
    assert [one.listing_id for one in found.quotes("a")] == [3, 2, 1]
    assert found.quotes("nothing") == []


def test_time_has_a_beginning() -> None:
    start = datetime.min.replace(tzinfo=UTC)
    found = board(row(1, "a", observed_at=start, price_usd=Decimal(1)), now=start, fresh_for=timedelta.max)
    assert found.ranking == ["a"] and found.consensus("a").price_usd == 1 and found.disagreements({}) == []


def test_nothing_made_of_a_snapshot_holds_on_to_it() -> None:
    snapshot = Snapshot(1, [row(1, "a"), row(2, "a", "csv")])
    made = Board(snapshot.sides, NOW, FRESH, SOURCES)
    assert len(made.ranking) == 1 and snapshot.after(2, []).row(1)
    gone = weakref.ref(snapshot)
    del snapshot
    gc.collect()
    assert gone() is None and made.quotes("a")


@pytest.mark.parametrize("honest", [("100", "101"), ("100", "100"), ("0.5", "0.505")])
@pytest.mark.parametrize("garbage", ["1e76", "1e-30", "0", "-5", None])
def test_one_source_s_garbage_moves_neither_price_nor_market_cap_beyond_the_honest(
    honest: tuple[str, str], garbage: str | None
) -> None:
    low, high = map(Decimal, honest)
    lie = garbage if garbage is None else Decimal(garbage)
    rows = [
        row(1, "a", "coinpaprika", price_usd=low, market_cap_usd=low),
        row(2, "a", "csv", price_usd=high, market_cap_usd=high),
    ]
    found = board(*rows, row(3, "a", "coingecko", price_usd=lie, market_cap_usd=lie))
    told = found.consensus("a")
    assert told.price_usd is not None and low <= told.price_usd <= high and told.agreed
    cap = found.market_cap("a")
    assert cap is not None and low <= cap <= high
    alone = board(*[msgspec.structs.replace(one, asset="a") for one in rows]).consensus("a")
    assert alone.price_usd is not None and abs(told.price_usd - alone.price_usd) <= (high - low) / 2
