"""Sides: the quotes of a snapshot asset by asset, whatever moment they are looked at."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kasparro.market.grouping import Grouping
from kasparro.market.numbers import Numbers
from kasparro.market.row import Row

Floats = NDArray[np.float64]


class Sides:
    """The newest quotes `rows` as `grouping` puts them together: exact ones, and columns of their `numbers`, one
    asset's after the other's."""

    def __init__(self, rows: Sequence[Row], numbers: Numbers, grouping: Grouping) -> None:
        self._rows = rows
        self._numbers = numbers
        self._grouping = grouping
        self.assets = grouping.assets
        self.sizes = grouping.sizes
        self.starts = grouping.starts
        self.one_each = grouping.one_each
        self.unlinked = grouping.unlinked

    def rows(self, asset: str) -> list[Row]:
        """The asset's quotes."""
        return [self._rows[place] for place in self._grouping.of(asset)]

    def row(self, at: int) -> Row:
        """The quote whose numbers are at `at` in the columns."""
        return self._rows[int(self._grouping.places[at])]

    @cached_property
    def price_usd(self) -> Floats:
        """The prices."""
        return self._column("price_usd")

    @cached_property
    def market_cap_usd(self) -> Floats:
        """The market caps."""
        return self._column("market_cap_usd")

    @cached_property
    def observed_at(self) -> Floats:
        """The moments, in seconds since 1970."""
        return self._column("observed_at")

    @cached_property
    def rank(self) -> Floats:
        """The ranks that the sources give."""
        return self._column("rank")

    def _column(self, field: str) -> Floats:
        column: Floats = self._numbers[field][self._grouping.places]
        return column
