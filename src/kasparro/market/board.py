"""The board: the quotes of a snapshot side by side, asset by asset, as fresh or stale as they are at a moment.

What is exact (a consensus, a market cap, a spread) takes microseconds an asset. So it is worked out only for the assets
that are shown, and for those that floats can't tell apart, or can't rule out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from kasparro.market.consensus import Consensus, ListingQuote, consensus, median
from kasparro.market.disagreement import Measure, Spread, spread
from kasparro.market.row import Row
from kasparro.market.sides import Floats, Sides

_INSTANT = 0.001
"""Seconds; those since 1970 are right to some microseconds as floats, and no further."""
_DOUBT = 1e-9
"""How near, relatively, floats may be for their exact values to be compared: far more than their error."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """An asset in the ranking by market cap. `rank` counts from 1 and is None, like `market_cap_usd` (USD), where no
    source knows a market cap."""

    rank: int | None
    asset: str
    market_cap_usd: Decimal | None


class LeftOut(msgspec.Struct, frozen=True):
    """Quoted listings that are in no ranking: how many belong to assets without a fresh quote, how many to none."""

    stale: int
    unlinked: int


class Apart(msgspec.Struct, frozen=True):
    """An asset whose sources differ, and in what."""

    asset: str
    spread: Spread


class Board:
    """The quotes of `sides` at the moment `now` (UTC), at which they may be `fresh_for` old.

    `sources` is the order in which sources are asked how an asset is called.
    """

    def __init__(self, sides: Sides, now: datetime, fresh_for: timedelta, sources: Sequence[str]) -> None:
        self._sides = sides
        self.now = now
        # Nothing is older than time itself: a long time to be fresh for must not lead beyond its beginning.
        self.fresh_for = min(fresh_for, now - datetime.min.replace(tzinfo=UTC))
        self._spreads: dict[Measure, dict[str, Spread | None]] = {measure: {} for measure in Measure}
        self._order = {source: place for place, source in enumerate(sources)}

    def quotes(self, asset: str) -> Sequence[Row]:
        """The newest quote of each of the asset's listings; the first says how it is called."""
        return sorted(self._sides.rows(asset), key=self._precedence)

    def is_fresh(self, row: Row) -> bool:
        """Whether a quote still counts."""
        return row.observed_at >= self.now - self.fresh_for

    def consensus(self, asset: str) -> Consensus:
        """What the asset's sources say together."""
        return consensus(self._said(asset), self.now, self.fresh_for)

    def spread(self, measure: Measure, asset: str) -> Spread | None:
        """How far the asset's sources are apart; None when no two can be compared."""
        told = self._spreads[measure]
        if asset not in told:
            told[asset] = spread(measure, self._said(asset), self.now, self.fresh_for)
        return told[asset]

    def market_cap(self, asset: str) -> Decimal | None:
        """The median of what the asset's sources say, one vote each, None when none of them knows. A source says what
        the newest of its fresh quotes with a market cap says."""
        voting = [
            row for row in self._sides.rows(asset)
            if (cap := row.market_cap_usd) is not None and cap > 0 and self.is_fresh(row)
        ]  # fmt: skip
        newest: dict[str, Row] = {}
        for row in sorted(voting, key=lambda row: (row.observed_at, -row.listing_id)):
            newest[row.source] = row
        caps = sorted(row.market_cap_usd for row in newest.values() if row.market_cap_usd is not None)
        return median(caps) if caps else None

    def rank(self, asset: str) -> int | None:
        """The best rank that a source gives the asset: by its fresh quotes, else by those there are."""
        ranks = [(row.rank, self.is_fresh(row)) for row in self._sides.rows(asset) if row.rank is not None]
        return min([rank for rank, fresh in ranks if fresh] or [rank for rank, _ in ranks], default=None)

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The rank of each asset that has one."""
        sides = self._sides
        if not sides.assets:
            return {}
        ranks = np.minimum.reduceat(sides.rank, sides.starts)
        of_fresh = np.minimum.reduceat(np.where(self._fresh, sides.rank, np.inf), sides.starts)
        best = np.where(np.isinf(of_fresh), ranks, of_fresh)
        ranked = np.flatnonzero(np.isfinite(best))
        return {sides.assets[at]: int(rank) for at, rank in zip(ranked.tolist(), best[ranked].tolist(), strict=True)}

    @cached_property
    def ranking(self) -> Sequence[str]:
        """All assets with a fresh quote, the largest market cap first, then those without one; by name where equal."""
        assets, caps = self._sides.assets, self._rough_caps
        order = np.argsort(-caps, kind="stable")[: self.ranked]
        ordered = [assets[at] for at in order.tolist()]
        caps = caps[order]
        with np.errstate(invalid="ignore"):
            near = caps[1:] >= caps[:-1] * (1 - _DOUBT)
        for start, end in _runs(near):
            exact = {asset: self.market_cap(asset) or Decimal(0) for asset in sorted(ordered[start:end])}
            ordered[start:end] = sorted(exact, key=exact.__getitem__, reverse=True)
        unknown = np.flatnonzero(self._has_fresh & np.isnan(self._rough_caps)).tolist()
        return [*ordered, *sorted(assets[at] for at in unknown)]

    @cached_property
    def ranked(self) -> int:
        """How many assets of the ranking have a market cap; they come first."""
        return int(np.count_nonzero(~np.isnan(self._rough_caps)))

    def places(self, start: int, end: int) -> list[Place]:
        """The ranking's places from `start` (counted from 0) up to, but not including, `end`."""
        return [
            Place(rank if rank <= self.ranked else None, asset, self.market_cap(asset))
            for rank, asset in enumerate(self.ranking[start:end], start + 1)
        ]

    @cached_property
    def left_out(self) -> LeftOut:
        """What the ranking doesn't show."""
        return LeftOut(int(self._sides.sizes[~self._has_fresh].sum()), self._sides.unlinked)

    @cached_property
    def same_since(self) -> datetime | None:
        """After which moment the board has looked as it does: the last at which a quote became stale; None when none
        is."""
        stale = np.flatnonzero(~self._fresh)
        if not len(stale):
            return None
        seconds = self._sides.observed_at[stale]
        near = stale[seconds > seconds.max() - _INSTANT]
        return max(self._sides.row(at).observed_at for at in near.tolist()) + self.fresh_for

    def disagreements(self, thresholds: Mapping[Measure, Decimal]) -> list[Apart]:
        """The assets whose sources differ by more than the threshold, in percent, of a measure; the farthest apart
        first, and by name where equal."""
        found = [
            Apart(asset, told)
            for measure, limit in thresholds.items()
            for asset in self._maybe_apart(measure, limit)
            if (told := self.spread(measure, asset)) is not None and told.difference_percent > limit
        ]
        found.sort(key=lambda apart: (apart.asset, apart.spread.measure))
        found.sort(key=lambda apart: apart.spread.difference_percent, reverse=True)
        return found

    def _maybe_apart(self, measure: Measure, limit: Decimal) -> Iterable[str]:
        """The assets whose fresh quotes, all told, differ by about `limit` percent or more."""
        sides = self._sides
        if not sides.assets:
            return []
        values = sides.price_usd if measure is Measure.PRICE else sides.market_cap_usd
        values = np.where(self._fresh, values, np.nan)
        bound = float(1 + limit / 100) * (1 - _DOUBT)
        with np.errstate(over="ignore", invalid="ignore"):
            high, low = np.fmax.reduceat(values, sides.starts), np.fmin.reduceat(values, sides.starts)
            found = (sides.sizes > 1) & ((high >= low * bound) | np.isinf(high) | (low == 0))
        return [sides.assets[at] for at in np.flatnonzero(found).tolist()]

    @cached_property
    def _fresh(self) -> NDArray[np.bool_]:
        """Whether each row is fresh."""
        since = self.now - self.fresh_for
        seconds = since.timestamp()
        fresh = self._sides.observed_at >= seconds
        near = np.flatnonzero(np.abs(self._sides.observed_at - seconds) < _INSTANT)
        if len(near):
            fresh[near] = [self._sides.row(at).observed_at >= since for at in near.tolist()]
        return fresh

    @cached_property
    def _has_fresh(self) -> NDArray[np.bool_]:
        """Whether each asset has a fresh row."""
        if not self._sides.assets:
            return np.zeros(0, bool)
        return np.logical_or.reduceat(self._fresh, self._sides.starts)

    @cached_property
    def _rough_caps(self) -> Floats:
        """The market cap of each asset as a float, NaN where none is known."""
        sides = self._sides
        if not sides.assets:
            return np.zeros(0)
        votes = self._fresh & ~np.isnan(sides.market_cap_usd)
        number = np.add.reduceat(votes, sides.starts, dtype=np.intp)
        with np.errstate(over="ignore", invalid="ignore"):
            caps = np.add.reduceat(np.where(votes, sides.market_cap_usd, 0), sides.starts) / number
        # One vote, or two of different sources: their mean is the median. All others are looked at exactly.
        for at in np.flatnonzero((number > 2) | ((number == 2) & ~sides.one_each)).tolist():
            caps[at] = float(self.market_cap(sides.assets[at]) or 0)
        return caps

    def _said(self, asset: str) -> list[ListingQuote]:
        return [
            ListingQuote(row.source, row.dataset, row.listing_id, row.observed_at, row.price_usd, row.market_cap_usd)
            for row in self._sides.rows(asset)
        ]

    def _precedence(self, row: Row) -> tuple[int, float, int]:
        return self._order.get(row.source, len(self._order)), -row.observed_at.timestamp(), row.listing_id


def _runs(same: NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    """From where to where values are the same; `same` says of each but the first whether it is like the one before."""
    places = np.flatnonzero(same)
    if not len(places):
        return []
    ends = np.flatnonzero(np.diff(places) > 1)
    first, last = places[np.concatenate(([0], ends + 1))], places[np.concatenate((ends, [-1]))]
    return [(start, end + 2) for start, end in zip(first.tolist(), last.tolist(), strict=True)]
