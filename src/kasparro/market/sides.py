"""Sides: the quotes of a snapshot asset by asset, whatever moment they are looked at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kasparro.market.snapshot import Row

Floats = NDArray[np.float64]


class Sides:
    """The newest quotes `rows`, of which those that are retracted or belong to no asset are left out.

    Beside the exact rows there are columns of floats, good to look for what is worth a closer look: one asset's rows
    after the other's, in the order of `by_asset`. Amounts not above zero are NaN there; zero and infinity stand for
    what no float can hold.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        groups: dict[str, list[Row]] = defaultdict(list)
        unlinked = 0
        for row in rows:
            if row.retracted:
                continue
            if row.asset is None:
                unlinked += 1
            else:
                groups[row.asset].append(row)
        self.by_asset: Mapping[str, Sequence[Row]] = dict(groups)
        self.unlinked = unlinked

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """How many rows each asset has."""
        return np.fromiter(map(len, self.by_asset.values()), np.intp, len(self.by_asset))

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where in the columns each asset's rows begin."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def one_each(self) -> NDArray[np.bool_]:
        """Whether each of an asset's rows is of another source."""
        groups = self.by_asset.values()
        told = (len(rows) == 1 or len({row.source for row in rows}) == len(rows) for rows in groups)
        return np.fromiter(told, bool, len(groups))

    @cached_property
    def price_usd(self) -> Floats:
        """The prices."""
        return _floats(row.price_usd for row in self._rows)

    @cached_property
    def market_cap_usd(self) -> Floats:
        """The market caps."""
        return _floats(row.market_cap_usd for row in self._rows)

    @cached_property
    def observed_at(self) -> Floats:
        """The moments, in seconds since 1970."""
        return np.array([row.observed_at.timestamp() for row in self._rows], np.float64)

    @property
    def _rows(self) -> Iterable[Row]:
        return [row for rows in self.by_asset.values() for row in rows]


def _floats(values: Iterable[Decimal | None]) -> Floats:
    exact = list(values)
    rough = np.array([-1.0 if value is None else float(value) for value in exact], np.float64)
    rough[rough < 0] = np.nan
    for place in np.flatnonzero(rough == 0).tolist():
        if not exact[place]:
            rough[place] = np.nan
    return rough
