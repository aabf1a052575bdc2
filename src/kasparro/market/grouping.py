"""Grouping: which rows are quotes of which asset."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kasparro.market.row import Row

Positions = NDArray[np.int32]


class Grouping:
    """The places of all rows that are shown and belong to an asset: one asset's after the other's, in the order of
    `assets`. `starts` and `sizes` say which are whose, `one_each` whether they are of a source each. `unlinked` rows
    belong to no asset."""

    def __init__(self, rows: Sequence[Row]) -> None:
        groups: dict[str, list[int]] = defaultdict(list)
        self.unlinked = 0
        for place, row in enumerate(rows):
            if row.retracted:
                continue
            if row.asset is None:
                self.unlinked += 1
            else:
                groups[row.asset].append(place)
        self.assets: Sequence[str] = list(groups)
        self.sizes = np.fromiter(map(len, groups.values()), np.intp, len(groups))
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.places: Positions = np.array([place for places in groups.values() for place in places], np.int32)
        told = (len(one) == 1 or len({rows[place].source for place in one}) == len(one) for one in groups.values())
        self.one_each = np.fromiter(told, bool, len(groups))
        self._groups = dict(groups)

    def of(self, asset: str) -> Sequence[int]:
        """The places of one asset's rows."""
        return self._groups.get(asset, ())
