"""Random lives of a ledger: pages of quotes, corrections, renamed coins, decisions; and the same replayed plainly.

The replay is written from the rules alone: one thing at a time, in memory, in fractions. Only what identity decides is
taken from the ledger, at the moment when it was decided.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st

SOURCES = ("coingecko", "coinpaprika", "csv")
_FRESH = timedelta(hours=2)
_NAMES = ("Alpha", "Beta", "Alpha Token")
_PRICES = ("1", "1.01", "1.0000000000000000001", "7", "0", None)
_CAPS = ("1000", "1010.5", "5000", "0", None)
_MINUTES = (1, 20, 40, 60 * 24)
"""How long before the present a quote may be: fresh or stale, never in between."""

Listing = tuple[str, str]
"""Source and coin id."""


class Page(NamedTuple):
    """Some quotes of one source; each is coin, minutes ago, price, market cap, symbol, name."""

    source: str
    quotes: list[tuple[str, int, str | None, str | None, str, str]]


class Listed(NamedTuple):
    """A coin of one source's coin list."""

    source: str
    coin: str
    symbol: str
    name: str
    active: bool | None


class Said(NamedTuple):
    """What a person says of two coins: the same, another, or (None) that what was said before is taken back."""

    one: Listing
    other: Listing
    same: bool | None


class Settled(NamedTuple):
    """What is known is decided upon."""


Happening = Page | Listed | Said | Settled

_COINS = st.sampled_from(["a", "b"])
_QUOTES = st.tuples(
    _COINS, st.sampled_from(_MINUTES), st.sampled_from(_PRICES), st.sampled_from(_CAPS), st.sampled_from(["al", "be"]),
    st.sampled_from(_NAMES),
)  # fmt: skip
_PAGES = st.builds(
    Page, st.sampled_from(SOURCES), st.lists(_QUOTES, min_size=1, max_size=4, unique_by=lambda one: one[:2])
)  # fmt: skip
_LISTED = st.builds(
    Listed, st.sampled_from(SOURCES[:2]), st.sampled_from(["a", "b", "c"]), st.sampled_from(["al", "be"]),
    st.sampled_from(_NAMES), st.sampled_from([True, False, None]),
)  # fmt: skip
_SAID = st.builds(
    Said, st.tuples(st.just(SOURCES[0]), _COINS), st.tuples(st.sampled_from(SOURCES[1:]), _COINS),
    st.sampled_from([True, True, False, None]),
)  # fmt: skip


def lives() -> st.SearchStrategy[list[Happening]]:
    """Three to ten happenings, the first of which brings quotes."""
    happening = st.one_of(_PAGES, _PAGES, st.builds(Settled), _SAID, _LISTED)
    return st.tuples(_PAGES, st.lists(happening, min_size=2, max_size=9)).map(lambda life: [life[0], *life[1]])


class Quote(NamedTuple):
    """A quote that counts."""

    observed_at: datetime
    price: Fraction | None
    cap: Fraction | None


class Shown(NamedTuple):
    """A listing as it is shown."""

    quote: Quote
    symbol: str
    name: str
    asset: str | None


class Replay:
    """What is known after each happening. Times are told in minutes before `present`."""

    def __init__(self, present: datetime) -> None:
        self._present = present
        self._versions: dict[tuple[Listing, datetime], list[Quote]] = defaultdict(list)
        self._newest: dict[Listing, tuple[tuple[datetime, int], str, str]] = {}
        self.links: dict[Listing, str] = {}

    def page(self, page: Page) -> None:
        """Take in a page."""
        for coin, minutes, price, cap, symbol, name in page.quotes:
            listing, at = (page.source, coin), self._present - timedelta(minutes=minutes)
            quote = Quote(at, _fraction(price), _fraction(cap))
            versions = self._versions[listing, at]
            if versions and versions[-1] == quote:
                continue
            versions.append(quote)
            key = (at, len(versions))
            if listing not in self._newest or key > self._newest[listing][0]:
                self._newest[listing] = (key, symbol, name)

    def shown(self) -> dict[Listing, Shown]:
        """Every quoted listing."""
        return {
            listing: Shown(self._versions[listing, at][-1], symbol, name, self.links.get(listing))
            for listing, ((at, _), symbol, name) in self._newest.items()
        }


def ranking(shown: dict[Listing, Shown], now: datetime) -> list[tuple[str, Fraction | None, Fraction | None]]:
    """Asset, market cap and price of all that is fresh, in order."""
    caps: dict[str, Fraction | None] = {}
    prices: dict[str, Fraction | None] = {}
    for asset in {one.asset for one in shown.values() if one.asset is not None}:
        fresh = [
            (listing, one.quote) for listing, one in shown.items()
            if one.asset == asset and now - one.quote.observed_at <= _FRESH
        ]  # fmt: skip
        if fresh:
            caps[asset] = _median([vote for vote in _votes(fresh, "cap") if vote is not None])
            prices[asset] = _median([vote for vote in _votes(fresh, "price") if vote is not None])
    known = sorted((asset for asset in caps if caps[asset] is not None), key=lambda asset: (-(caps[asset] or 0), asset))
    return [(asset, caps[asset], prices[asset]) for asset in [*known, *sorted(caps.keys() - set(known))]]


def _votes(fresh: list[tuple[Listing, Quote]], member: str) -> list[Fraction | None]:
    """What each source says by the newest of its quotes that says anything; of equally old ones by their median (a
    price), or the first (a cap)."""
    votes: list[Fraction | None] = []
    for source in {listing[0] for listing, _ in fresh}:
        able: list[Any] = sorted(
            (quote.observed_at, listing[1], getattr(quote, member))
            for listing, quote in fresh
            if listing[0] == source and (getattr(quote, member) or 0) > 0
        )
        newest = [value for at, _, value in able if at == able[-1][0]]
        votes.append(_median(sorted(newest)) if member == "price" or len(newest) < 2 else newest[0])
    return votes


def _median(values: list[Fraction]) -> Fraction | None:
    ordered = sorted(values)
    if not ordered:
        return None
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
