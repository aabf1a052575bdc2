"""Sides: the quotes of a snapshot asset by asset, whatever moment they are looked at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kasparro.market.snapshot import Row


class Several(NamedTuple):
    """The assets with several quoted listings. Their rows' amounts stand one asset after the other, each beginning at
    its start.

    Amounts are floats, good to look for what is worth a closer look: those not above zero are NaN; zero and infinity
    stand for what no float can hold. Times are seconds since 1970.
    """

    assets: Sequence[str]
    starts: NDArray[np.intp]
    price_usd: NDArray[np.float64]
    market_cap_usd: NDArray[np.float64]
    observed_at: NDArray[np.float64]


class Sides:
    """The newest quotes `rows`, of which those that are retracted or belong to no asset are left out."""

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
        self.oldest: datetime | None = min((row.observed_at for row in rows), default=None)

    @cached_property
    def several(self) -> Several:
        """Where sources can differ."""
        groups = {asset: rows for asset, rows in self.by_asset.items() if len(rows) > 1}
        rows = [row for group in groups.values() for row in group]
        lengths = np.fromiter(map(len, groups.values()), np.intp, len(groups))
        return Several(
            list(groups), np.cumsum(lengths) - lengths, _floats(row.price_usd for row in rows),
            _floats(row.market_cap_usd for row in rows), np.array([row.observed_at.timestamp() for row in rows]),
        )  # fmt: skip


def _floats(values: Iterable[Decimal | None]) -> NDArray[np.float64]:
    exact = list(values)
    rough = np.array([-1.0 if value is None else float(value) for value in exact], np.float64)
    rough[rough < 0] = np.nan
    for place in np.flatnonzero(rough == 0).tolist():
        if not exact[place]:
            rough[place] = np.nan
    return rough
