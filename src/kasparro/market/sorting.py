"""Sorting: the places of all rows by one field, made anew from what it was before."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from kasparro.market.grouping import Positions

Order = Literal["asc", "desc"]
Key = tuple[Any, int]
"""What a row is sorted by: its value, and its listing, which tells equal values apart."""

_FEW = 16
"""Up to one changed row of so many it is cheaper to find the place of each than to sort all."""


class Sorting:
    """The places of all rows, sorted by one field; unknown values (None) come last in both directions.

    `values` and `listings` are by place; `known` are places by value, `unknown` ones by listing, ascending.
    """

    def __init__(
        self, values: Sequence[Any], listings: Sequence[int], known: Sequence[int], unknown: Sequence[int]
    ) -> None:
        self._values = values
        self._listings = listings
        self._known = known
        self._unknown = unknown

    def after(self, changed: Mapping[int, Any], listings: Sequence[int]) -> "Sorting":
        """The sorting in which the places `changed` have other values; those of new rows are among them."""
        values = [*self._values, *(None for _ in range(len(self._values), len(listings)))]
        for place, value in changed.items():
            values[place] = value
        after = Sorting(values, listings, [], [])
        after._known = _merged(self._known, [p for p in changed if values[p] is not None], changed, after.key)
        after._unknown = _merged(
            self._unknown, [p for p in changed if values[p] is None], changed, listings.__getitem__
        )  # fmt: skip
        return after

    def key(self, place: int) -> Key:
        """What the row at `place` is sorted by."""
        return self._values[place], self._listings[place]

    def places(self, order: Order) -> Positions:
        """All places in this order."""
        return self._ascending if order == "asc" else self._descending

    def between(self, low: Any, high: Any) -> Positions:
        """The places of all rows with a value from `low` to `high`, both included; None is no bound."""
        value = self._values.__getitem__
        first = 0 if low is None else bisect_left(self._known, low, key=value)
        end = len(self._known) if high is None else bisect_right(self._known, high, key=value)
        return self._ascending[first:end]

    def place_beyond(self, key: Key, order: Order) -> int:
        """How many of the sorted rows come up to `key`, itself included."""
        value, listing = key
        known = len(self._known)
        if value is None:
            listings = [self._listings[place] for place in self._unknown]
            if order == "asc":
                return known + bisect_right(listings, listing)
            return known + len(listings) - bisect_left(listings, listing)
        if order == "asc":
            return bisect_right(self._known, key, key=self.key)
        return known - bisect_left(self._known, key, key=self.key)

    @cached_property
    def _ascending(self) -> Positions:
        return np.array([*self._known, *self._unknown], np.int32)

    @cached_property
    def _descending(self) -> Positions:
        known = len(self._known)
        return np.concatenate((self._ascending[:known][::-1], self._ascending[known:][::-1]))


NOTHING_SORTED = Sorting((), (), (), ())
"""From which any other can be made."""


def _merged(former: Sequence[int], new: Sequence[int], changed: Mapping[int, Any], key: Any) -> list[int]:
    """The `former` places that haven't changed, and the `new` ones, in the order of `key`."""
    places = [place for place in former if place not in changed] if changed else list(former)
    if len(new) * _FEW > len(places):
        # What is nearly sorted is sorted in next to no time, but for its keys.
        places += new
        places.sort(key=key)
    else:
        for place in new:
            insort(places, place, key=key)
    return places
