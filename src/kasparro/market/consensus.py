"""The consensus: one price of an asset from what its sources say, and how far they can be trusted to agree.

The price is the median of one vote a source. A source can claim any price and any volume, so votes have no weights:
the median of a majority of honest votes lies among the honest ones, whatever the others say (its breakdown point is
one half: Donoho & Huber, "The notion of breakdown point", 1983). Outliers are named, but their votes count: what a
median ignores need not be thrown out, and a price that leaves the vote at some threshold would make the consensus
jump.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal, Inexact
from enum import StrEnum

import msgspec

from kasparro.market.amount import MAX_MAGNITUDE

QUORUM = 2
"""Sources that have to vote. One source is a claim; only a second one can confirm it."""

AGREEMENT_PERCENT = Decimal(2)
"""How far apart prices may be to agree. Sources average other exchanges at other seconds: for liquid coins they differ
by some tenths of a percent, for small ones by one or two."""

OUTLIER_MADS = Decimal("5.19")
"""Median absolute deviations beyond which a vote is an outlier: a modified z-score of 3.5 (Iglewicz & Hoaglin, "How to
Detect and Handle Outliers", 1993), which is 3.5 / 0.6745 of them."""

_EXACT = Context(prec=6 * MAX_MAGNITUDE, Emax=999_999, Emin=-999_999, traps=[Inexact])
"""Holds the sum of the largest and the smallest amount that may stand in the ledger to the last digit."""

_HALF = Decimal("0.5")

_SHORT = Context(prec=6, Emax=999_999, Emin=-999_999)
"""For percentages, which are rounded to six digits."""


class ListingQuote(msgspec.Struct, frozen=True, gc=False):
    """The newest quote of one listing of an asset. `observed_at` is in UTC, amounts in USD; None means unknown.

    `dataset` is empty but for sources that have several, like files.
    """

    source: str
    dataset: str
    listing_id: int
    observed_at: datetime
    price_usd: Decimal | None = None
    market_cap_usd: Decimal | None = None


class Stand(StrEnum):
    """Where a source stood. `VOTED` and `OUTLIER` voted, the others didn't."""

    VOTED = "voted"
    OUTLIER = "outlier"
    STALE = "stale"
    MISSING = "missing"
    INVALID = "invalid"


class SourceStand(msgspec.Struct, frozen=True):
    """One source's part in a consensus.

    `price_usd` is what it says (None for MISSING, zero or less for INVALID), of `listing_ids`, observed at
    `observed_at`, `age` before the moment asked about (negative when dated ahead of it). `deviation_percent` is how
    far that is above the consensus, None without one.
    """

    source: str
    stand: Stand
    listing_ids: tuple[int, ...]
    observed_at: datetime
    age: timedelta
    price_usd: Decimal | None
    deviation_percent: Decimal | None


class Quorum(msgspec.Struct, frozen=True):
    """How many sources voted, how many are needed, and whether that is enough."""

    voted: int
    needed: int
    reached: bool


class Consensus(msgspec.Struct, frozen=True):
    """What the sources of an asset say together.

    `price_usd` is the exact median of the votes (of an even number the mean of the middle two), None without any.
    `agreed` tells whether more than half of the votes lie close together, the price among them; None when fewer than
    two voted, so that there was nothing to compare. While it is false nobody can tell who is right: two sources that
    differ get the mean of both for a price, and no outlier is named. `dispersion_percent` is the median absolute
    deviation of the votes (of two: half their distance), `spread_percent` the distance of the highest from the lowest,
    both in percent of the price.
    """

    price_usd: Decimal | None
    quorum: Quorum
    agreed: bool | None
    dispersion_percent: Decimal | None
    spread_percent: Decimal | None
    sources: tuple[SourceStand, ...]


class _Vote(msgspec.Struct, frozen=True):
    source: str
    stand: Stand
    price: Decimal | None
    quotes: list[ListingQuote]


def consensus(
    quotes: Iterable[ListingQuote], moment: datetime, fresh_for: timedelta, *,
    needed: int = QUORUM, agreement_percent: Decimal = AGREEMENT_PERCENT,
) -> Consensus:  # fmt: skip
    """The consensus at `moment` (UTC) of the newest quotes of an asset's listings.

    A quote may be `fresh_for` old to count. A source with several listings or datasets has one vote: its newest fresh
    price, since a median of several would mix moments; of prices of the very same moment the median.
    """
    by_source = defaultdict(list)
    for quote in quotes:
        by_source[quote.source].append(quote)
    votes = [_vote(source, by_source[source], moment - fresh_for) for source in sorted(by_source)]
    prices = sorted(vote.price for vote in votes if vote.price is not None and vote.stand is Stand.VOTED)
    quorum = Quorum(len(prices), needed, len(prices) >= needed)
    if not prices:
        stands = tuple(_stand(vote, moment, None, None) for vote in votes)
        return Consensus(None, quorum, None, None, None, stands)
    price = median(prices)
    dispersion = median(sorted(difference(each, price).copy_abs() for each in prices))
    tolerance = _EXACT.multiply(price, _EXACT.scaleb(agreement_percent, -2))
    agreed = _agree(prices, tolerance) if len(prices) > 1 else None
    # Only a majority that agrees can tell who stands apart from it.
    bound = max(tolerance, _EXACT.multiply(OUTLIER_MADS, dispersion)) if agreed else None
    stands = tuple(_stand(vote, moment, price, bound) for vote in votes)
    return Consensus(
        price, quorum, agreed,
        percent(dispersion, price) if len(prices) > 1 else None,
        percent(difference(prices[-1], prices[0]), price) if len(prices) > 1 else None,
        stands,
    )  # fmt: skip


def median(ordered: Sequence[Decimal]) -> Decimal:
    """The exact median of one or more numbers in ascending order."""
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else _EXACT.multiply(_EXACT.add(low, high), _HALF)


def difference(one: Decimal, other: Decimal) -> Decimal:
    """`one` minus `other`, to the last digit."""
    return _EXACT.subtract(one, other)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` in percent of `whole`, rounded to six digits."""
    return _SHORT.divide(_EXACT.scaleb(part, 2), whole)


def _vote(source: str, quotes: list[ListingQuote], fresh_since: datetime) -> _Vote:
    """What `source` says by the newest of its quotes that can vote, else by the newest of all."""
    able = [quote for quote in quotes if quote.observed_at >= fresh_since and is_positive(quote.price_usd)]
    newest_at = max(quote.observed_at for quote in able or quotes)
    newest = [quote for quote in able or quotes if quote.observed_at == newest_at]
    newest.sort(key=lambda quote: quote.listing_id)
    prices = sorted(quote.price_usd for quote in newest if quote.price_usd is not None and quote.price_usd.is_finite())
    price = median(prices) if prices else None
    if able:
        return _Vote(source, Stand.VOTED, price, newest)
    if price is None:
        return _Vote(source, Stand.MISSING, price, newest)
    return _Vote(source, Stand.STALE if newest_at < fresh_since else Stand.INVALID, price, newest)


def is_positive(value: Decimal | None) -> bool:
    """Whether `value` is known and can be a price or a market cap; zero is how sources write that there is none."""
    return value is not None and value.is_finite() and value > 0


def _agree(prices: Sequence[Decimal], tolerance: Decimal) -> bool:
    """Whether more than half of the ascending `prices` lie within `tolerance`; the median then is among them."""
    majority = len(prices) // 2 + 1
    return any(difference(high, low) <= tolerance for low, high in zip(prices, prices[majority - 1 :], strict=False))


def _stand(vote: _Vote, moment: datetime, price: Decimal | None, bound: Decimal | None) -> SourceStand:
    """Where `vote` stood beside the consensus `price`; a vote farther than `bound` from it is an outlier."""
    stand, deviation = vote.stand, None
    if vote.price is not None and price is not None:
        distance = difference(vote.price, price)
        deviation = percent(distance, price)
        if stand is Stand.VOTED and bound is not None and distance.copy_abs() > bound:
            stand = Stand.OUTLIER
    observed_at = vote.quotes[0].observed_at
    listing_ids = tuple(quote.listing_id for quote in vote.quotes)
    return SourceStand(vote.source, stand, listing_ids, observed_at, moment - observed_at, vote.price, deviation)
