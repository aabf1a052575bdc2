"""Disagreement: how far the sources of an asset are apart, in price and in market cap.

The two are measured apart, because they mean different things: prices that differ are a fault of somebody, market caps
that differ mostly another opinion about which coins circulate.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

import msgspec

from kasparro.market.consensus import ListingQuote, difference, is_positive, percent

PRICE_PERCENT = Decimal(2)
"""From where prices disagree: averages over other exchanges differ by some tenths of a percent, and a volatile coin
moves by one percent between the moments of two sources."""

MARKET_CAP_PERCENT = Decimal(10)
"""From where market caps disagree: sources count locked, burnt and bridged coins differently, so some percent are
common and no fault."""

TOGETHER = timedelta(minutes=15)
"""How far apart in time two quotes may be to be compared. Within a quarter of an hour a coin that moves 10 % a day
moves by 1 %, well below the threshold."""


class Measure(StrEnum):
    """What is compared."""

    PRICE = "price_usd"
    MARKET_CAP = "market_cap_usd"


class Side(msgspec.Struct, frozen=True):
    """What one source says, in USD, and when it observed it (UTC)."""

    source: str
    listing_id: int
    value: Decimal
    observed_at: datetime


class Spread(msgspec.Struct, frozen=True):
    """The two sources of an asset that are farthest apart.

    `difference_percent` is how far the highest is above the lowest, in percent of the lowest. `observed_at` is when
    that was known: the later of both observations, in UTC. `sources` is how many sources could be compared.
    """

    measure: Measure
    lowest: Side
    highest: Side
    difference_percent: Decimal
    observed_at: datetime
    sources: int


def spread(
    measure: Measure, quotes: Iterable[ListingQuote], moment: datetime, fresh_for: timedelta,
    together: timedelta = TOGETHER,
) -> Spread | None:  # fmt: skip
    """How far the sources of an asset are apart at `moment` (UTC); None when no two can be compared.

    A source says what the newest of its quotes that has the measure says. Only quotes that are at most `fresh_for` old
    and observed within `together` of one another are compared; values of zero and below are no opinion.
    """
    sides: dict[str, Side] = {}
    for quote in quotes:
        value = quote.price_usd if measure is Measure.PRICE else quote.market_cap_usd
        if value is None or not is_positive(value) or moment - quote.observed_at > fresh_for:
            continue
        side = Side(quote.source, quote.listing_id, value, quote.observed_at)
        before = sides.get(quote.source)
        # Of two datasets with the same time the listing that was known first speaks, whatever their order here.
        if before is None or (before.observed_at, -before.listing_id) < (side.observed_at, -side.listing_id):
            sides[quote.source] = side
    pairs = [
        sorted(pair, key=lambda side: (side.value, side.source))
        for pair in combinations(sorted(sides.values(), key=lambda side: side.source), 2)
        if abs(pair[0].observed_at - pair[1].observed_at) <= together
    ]
    if not pairs:
        return None
    compared = {side.source for pair in pairs for side in pair}
    low, high = max(pairs, key=lambda pair: percent(pair[1].value, pair[0].value))
    return Spread(
        measure,
        low,
        high,
        percent(difference(high.value, low.value), low.value),
        max(low.observed_at, high.observed_at),
        len(compared),
    )


def disagreements(
    quotes: Iterable[ListingQuote], moment: datetime, fresh_for: timedelta, *,
    price_percent: Decimal = PRICE_PERCENT, market_cap_percent: Decimal = MARKET_CAP_PERCENT,
    together: timedelta = TOGETHER,
) -> list[Spread]:  # fmt: skip
    """The spreads of an asset's prices and market caps that exceed their thresholds, in percent; see `spread`."""
    said = list(quotes)
    limits = {Measure.PRICE: price_percent, Measure.MARKET_CAP: market_cap_percent}
    found = (spread(measure, said, moment, fresh_for, together) for measure in limits)
    return [each for each in found if each is not None and each.difference_percent > limits[each.measure]]
