"""The history of listings: their last observations as columns, and how much their prices normally move."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from kasparro.market.anomaly.normal import MAD_TO_DEVIATION

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

MOVES = 8
"""Moves that are needed to know a listing's volatility; the median of five is too often far too small."""

DAY = 86_400.0
LEAST_STEP = 300.0
"""Seconds. Two observations within seconds differ by noise, which grows no smaller with the distance."""

CALMEST = 0.01 / DAY**0.5
"""Log return per square root of a second (1 % a day): no listing is taken for calmer, so that the last digit of a
stablecoin isn't news."""

WILDEST = 0.45 / DAY**0.5
"""Log return per square root of a second (45 % a day): no listing is taken for wilder, so that a factor of ten within
an hour surprises even from a coin that doubles every other day. One that isn't known is taken for this wild."""


class History(msgspec.Struct, frozen=True):
    """The observations of some listings before their newest quote: a row a listing, the newest in the last column.

    `times` are seconds since 1970 in UTC, `prices` USD; where there are fewer observations, NaN fills in on the left.
    """

    times: Floats
    prices: Floats

    @classmethod
    def of(
        cls, listings: int, rows: Sequence[int] | Rows, times: Sequence[float] | Floats,
        prices: Sequence[float] | Floats, depth: int = 50,
    ) -> "History":  # fmt: skip
        """The history of so many `listings` from one flat list of observations, as one SQL statement gives them.

        `rows` says which listing each observation is of (from 0), in ascending order, and ascending in time within a
        listing. The newest `depth` of each are kept; unknown prices, and those of zero and below, are left out.
        """
        row, time, price = np.asarray(rows, np.int64), np.asarray(times, np.float64), np.asarray(prices, np.float64)
        good = np.isfinite(price) & (price > 0)
        if not good.all():
            row, time, price = row[good], time[good], price[good]
        ends = np.searchsorted(row, np.arange(listings), side="right")
        column = np.arange(len(row)) - ends[row] + depth
        if len(column) and column.min() < 0:
            kept = column >= 0
            row, time, price, column = row[kept], time[kept], price[kept], column[kept]
        history = cls(np.full((listings, depth), np.nan), np.full((listings, depth), np.nan))
        place = row * depth + column
        history.times.reshape(-1)[place] = time
        history.prices.reshape(-1)[place] = price
        return history

    def volatility(self, rows: Rows) -> tuple[Floats, Floats]:
        """How much each of `rows` normally moves, as log return per square root of a second: bounded, and as it is.

        It is the median size of its moves, scaled to a standard deviation, so that wrong prices hardly touch it. An
        observation that repeats the price before says nothing (nobody traded). The first is bounded by `CALMEST` and
        `WILDEST`, which stands in where there were fewer than `MOVES`; the second is NaN then.
        """
        if not len(rows):
            return np.empty(0), np.empty(0)
        returns = np.diff(np.log(self.prices[rows]), axis=1)
        sizes = np.abs(returns) / np.sqrt(np.maximum(np.diff(self.times[rows], axis=1), LEAST_STEP))
        sizes[sizes == 0] = np.nan
        middle, count = row_median(sizes)
        found = np.where(count >= MOVES, MAD_TO_DEVIATION * middle, np.nan)
        return np.where(np.isnan(found), WILDEST, np.clip(found, CALMEST, WILDEST)), found


def row_median(values: Floats) -> tuple[Floats, Rows]:
    """The median of each row of `values`, leaving NaN out, and of how many numbers it is (0: the median is NaN)."""
    ordered = np.sort(values, axis=1)
    count = np.count_nonzero(np.isfinite(ordered), axis=1)
    if not values.shape[1]:
        return np.full(len(values), np.nan), count
    line = np.arange(len(values))
    low, high = ordered[line, np.maximum(count - 1, 0) // 2], ordered[line, np.minimum(count // 2, values.shape[1] - 1)]
    return (low + high) / 2, count
