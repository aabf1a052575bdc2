"""The board: the quotes of a snapshot side by side, asset by asset, as fresh or stale as they are at a moment.

One pass over all quotes gives ranking and market caps. What takes longer (a consensus, a spread) is worked out only for
the assets that are shown, or that could pass a threshold.
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
from kasparro.market.sides import Sides
from kasparro.market.snapshot import Row

_DOUBT = 1e-9
"""How much nearer than the threshold, relative to it, amounts may be that are compared as floats first."""


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
        rows = self._sides.by_asset.get(asset, ())
        return rows if len(rows) < 2 else sorted(rows, key=self._precedence)

    def consensus(self, asset: str) -> Consensus:
        """What the asset's sources say together."""
        return consensus(self._said(asset), self.now, self.fresh_for)

    def spread(self, measure: Measure, asset: str) -> Spread | None:
        """How far the asset's sources are apart; None when no two can be compared."""
        told = self._spreads[measure]
        if asset not in told:
            told[asset] = spread(measure, self._said(asset), self.now, self.fresh_for)
        return told[asset]

    def is_fresh(self, row: Row) -> bool:
        """Whether a quote still counts."""
        return row.observed_at >= self.now - self.fresh_for

    @cached_property
    def market_caps(self) -> Mapping[str, Decimal | None]:
        """The market cap of each asset with a fresh quote: the median of what its sources say, one vote each, None
        when none of them knows. A source says what the newest of its fresh quotes with a market cap says."""
        since, all_fresh = self._since()
        caps: dict[str, Decimal | None] = {}
        for asset, rows in self._sides.by_asset.items():
            fresh = rows if all_fresh else [row for row in rows if row.observed_at >= since]
            if len(fresh) > 1:
                caps[asset] = _median_cap(fresh)
            elif fresh:
                cap = fresh[0].market_cap_usd
                caps[asset] = cap if cap is not None and cap > 0 else None
        return caps

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The best rank that a source gives an asset: by its fresh quotes, else by those there are."""
        since, all_fresh = self._since()
        best: dict[str, int] = {}
        for asset, rows in self._sides.by_asset.items():
            if len(rows) == 1:
                if (only := rows[0].rank) is not None:
                    best[asset] = only
            elif ranked := [row for row in rows if row.rank is not None]:
                fresh = ranked if all_fresh else [row for row in ranked if row.observed_at >= since] or ranked
                best[asset] = min([row.rank for row in fresh if row.rank is not None])
        return best

    @cached_property
    def ranking(self) -> Sequence[str]:
        """All assets with a fresh quote, the largest market cap first, then those without one; by name where equal."""
        known = [(asset, cap) for asset, cap in self.market_caps.items() if cap is not None]
        # Floats keep the order of what they stand for, but for what is the same as a float.
        rough = np.array([float(cap) for _, cap in known], np.float64)
        order = np.argsort(-rough, kind="stable")
        rough = rough[order]
        ordered = [known[at] for at in order.tolist()]
        for start, end in _runs(rough[1:] == rough[:-1]):
            ordered[start:end] = sorted(sorted(ordered[start:end]), key=lambda one: one[1], reverse=True)
        return [
            *(asset for asset, _ in ordered),
            *sorted(asset for asset, cap in self.market_caps.items() if cap is None),
        ]

    def places(self, start: int, end: int) -> list[Place]:
        """The ranking's places from `start` (counted from 0) up to, but not including, `end`."""
        return [
            Place(None if (cap := self.market_caps[asset]) is None else rank, asset, cap)
            for rank, asset in enumerate(self.ranking[start:end], start + 1)
        ]

    @cached_property
    def left_out(self) -> LeftOut:
        """What the ranking doesn't show."""
        stale = sum(len(rows) for asset, rows in self._sides.by_asset.items() if asset not in self.market_caps)
        return LeftOut(stale, self._sides.unlinked)

    @cached_property
    def same_since(self) -> datetime | None:
        """After which moment the board has looked as it does: the last at which a quote became stale; None when none
        is."""
        since, all_fresh = self._since()
        if all_fresh:
            return None
        stale = (row.observed_at for rows in self._sides.by_asset.values() for row in rows if row.observed_at < since)
        newest = max(stale, default=None)
        return None if newest is None else newest + self.fresh_for

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
        several = self._sides.several
        if not several.assets:
            return []
        values = several.price_usd if measure is Measure.PRICE else several.market_cap_usd
        # A second is more than a float's error, and what is looked at in vain is only looked at.
        since = (self.now - self.fresh_for).timestamp() - 1
        values = np.where(several.observed_at >= since, values, np.nan)
        bound = float(1 + limit / 100) * (1 - _DOUBT)
        with np.errstate(over="ignore", invalid="ignore"):
            high, low = np.fmax.reduceat(values, several.starts), np.fmin.reduceat(values, several.starts)
            found = (high >= low * bound) | np.isinf(high) | (low == 0)
        return [several.assets[at] for at in np.flatnonzero(found).tolist()]

    def _said(self, asset: str) -> list[ListingQuote]:
        return [
            ListingQuote(row.source, row.dataset, row.listing_id, row.observed_at, row.price_usd, row.market_cap_usd)
            for row in self._sides.by_asset.get(asset, ())
        ]

    def _since(self) -> tuple[datetime, bool]:
        """From when on quotes are fresh, and whether all are: mostly so, and then nothing has to be looked through."""
        since, oldest = self.now - self.fresh_for, self._sides.oldest
        return since, oldest is not None and oldest >= since

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


def _median_cap(fresh: Sequence[Row]) -> Decimal | None:
    voting = [row for row in fresh if (cap := row.market_cap_usd) is not None and cap > 0]
    # Mostly there are two sources, one listing each: there nothing has to be looked for.
    if len(voting) > 2 or (len(voting) == 2 and voting[0].source == voting[1].source):
        newest: dict[str, Row] = {}
        for row in sorted(voting, key=lambda row: (row.observed_at, -row.listing_id)):
            newest[row.source] = row
        voting = list(newest.values())
    caps = [row.market_cap_usd for row in voting if row.market_cap_usd is not None]
    return median(sorted(caps)) if len(caps) > 1 else caps[0] if caps else None
