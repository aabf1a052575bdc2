"""A snapshot: the newest quote of every listing as known at one moment, in memory, to be filtered, sorted and paged.

A ledger has some ten thousand listings, so all of them fit into memory, where a filter is a mask over columns:
microseconds, where the same question costs a database milliseconds. Amounts stay exact: they are only ever compared
as decimals, and shown as the text that PostgreSQL rendered.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from kasparro.market.texts import END, Texts

SortField = Literal[
    "created_at", "price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "rank", "crypto_name",
    "symbol", "observed_at",
]  # fmt: skip
Order = Literal["asc", "desc"]
Positions = NDArray[np.int32]
Key = tuple[Any, int]
"""What a row is sorted by: its value, and its listing, which tells equal values apart."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """The newest quote of one listing. `body` is its JSON object, without the end that depends on the time;
    `dataset` is the file that the coin is from, empty for those of providers."""

    listing_id: int
    quote_id: int
    source: str
    crypto_id: str
    symbol: str
    crypto_name: str
    asset: str | None
    rank: int | None
    price_usd: Decimal | None
    market_cap_usd: Decimal | None
    volume_24h_usd: Decimal | None
    change_24h_percent: Decimal | None
    observed_at: datetime
    retracted: bool
    body: str
    dataset: str = ""

    @property
    def simulated(self) -> bool:
        """Whether the numbers are made up; it is the last thing that the body says."""
        return self.body.endswith("true")


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted; texts are compared without regard to case. `q` is looked for in ids, symbols, names."""

    source: str | None = None
    crypto_id: str | None = None
    symbol: str | None = None
    asset: str | None = None
    q: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None


class Page(msgspec.Struct, frozen=True):
    """Some rows of a sorted selection. `offset` is how many were left out before them, `total` how many there are in
    all, `last` the key of the last row when more follow."""

    rows: list[Row]
    offset: int
    total: int
    last: Key | None


class Snapshot:
    """All listings' newest quotes after the load `version`.

    A snapshot never changes; `after` makes the next one, which shares what stayed the same.
    """

    def __init__(self, version: int, rows: Sequence[Row], orders: dict[SortField, list[int]] | None = None) -> None:
        self.version = version
        self.rows = rows
        self._sorted: dict[SortField, _Sorting] = {}
        self._former = orders or {}
        self._groups: dict[str, dict[str, list[int]]] = {}

    def after(self, version: int, changed: Iterable[Row]) -> "Snapshot":
        """The snapshot after the load `version`, in which `changed` rows are new or other than here."""
        rows = list(self.rows)
        places = dict(self._places)
        for row in changed:
            place = places.setdefault(row.listing_id, len(rows))
            rows[place : place + 1] = [row]
        orders = self._former | {field: sorting.order for field, sorting in self._sorted.items()}
        after = Snapshot(version, rows, orders)
        after.__dict__["_places"] = places
        return after

    def page(
        self, filters: Filters, sort_by: SortField, order: Order, *, limit: int, offset: int = 0,
        beyond: Key | None = None,
    ) -> Page:  # fmt: skip
        """The `limit` rows after the first `offset`, or after the key `beyond` in the order of `sort_by`."""
        sorting = self._sorting(sort_by)
        wanted = self._mask(filters)
        places = sorting.places(order)
        chosen = places[wanted[places]]
        if beyond is not None:
            first = sorting.place_beyond(beyond, order)
            offset = int(np.count_nonzero(wanted[places[:first]]))
        cut = chosen[offset : offset + limit].tolist()
        more = offset + limit < len(chosen)
        return Page(
            [self.rows[place] for place in cut],
            offset,
            len(chosen),
            sorting.key(cut[-1]) if cut and more else None,
        )

    def find(self, filters: Filters) -> list[Row]:
        """All rows that `filters` let through, by source and id."""
        places = np.flatnonzero(self._mask(filters)).tolist()
        return sorted((self.rows[place] for place in places), key=lambda row: (row.source, row.crypto_id, row.quote_id))

    def row(self, listing_id: int) -> Row | None:
        """The newest quote of a listing, if it has one."""
        place = self._places.get(listing_id)
        return None if place is None or self.rows[place].retracted else self.rows[place]

    def assets(self, filters: Filters) -> set[str]:
        """The assets of all rows that `filters` let through."""
        found = (self.rows[place].asset for place in np.flatnonzero(self._mask(filters)).tolist())
        return {asset for asset in found if asset is not None}

    def _mask(self, filters: Filters) -> NDArray[np.bool_]:
        mask = self._shown
        for field in ("source", "crypto_id", "symbol", "asset"):
            value = getattr(filters, field)
            if value is not None:
                mask = mask & self._at(self._by_text(field).get(value.casefold(), []))
        if filters.q is not None:
            mask = mask & self._at(self._texts.containing(filters.q))
        if filters.min_price is not None or filters.max_price is not None:
            mask = mask & self._at(self._sorting("price_usd").between(filters.min_price, filters.max_price))
        return mask

    def _at(self, places: Sequence[int] | Positions) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.rows), bool)
        mask[np.asarray(places, np.int32)] = True
        return mask

    def _sorting(self, field: SortField) -> "_Sorting":
        found = self._sorted.get(field)
        if found is None:
            values = [_KEYS[field](row) for row in self.rows]
            found = self._sorted[field] = _Sorting(values, self.rows, self._former.get(field, []))
        return found

    def _by_text(self, field: str) -> dict[str, list[int]]:
        groups = self._groups.get(field)
        if groups is None:
            groups = self._groups[field] = defaultdict(list)
            for place, row in enumerate(self.rows):
                if (text := getattr(row, field)) is not None:
                    groups[text.casefold()].append(place)
        return groups

    @cached_property
    def _places(self) -> dict[int, int]:
        return {row.listing_id: place for place, row in enumerate(self.rows)}

    @cached_property
    def _shown(self) -> NDArray[np.bool_]:
        return np.fromiter((not row.retracted for row in self.rows), bool, len(self.rows))

    @cached_property
    def _texts(self) -> Texts:
        return Texts(f"{row.crypto_id}{END}{row.symbol}{END}{row.crypto_name}" for row in self.rows)


_KEYS: dict[SortField, Any] = {
    # Quotes are numbered in the order in which they became known, so their numbers sort like their times.
    "created_at": lambda row: row.quote_id,
    "price_usd": lambda row: row.price_usd,
    "market_cap_usd": lambda row: row.market_cap_usd,
    "volume_24h_usd": lambda row: row.volume_24h_usd,
    "change_24h_percent": lambda row: row.change_24h_percent,
    "rank": lambda row: row.rank,
    "crypto_name": lambda row: row.crypto_name.casefold(),
    "symbol": lambda row: row.symbol.casefold(),
    "observed_at": lambda row: row.observed_at,
}


class _Sorting:
    """The places of all rows, sorted by one field; unknown values come last in both directions."""

    def __init__(self, values: Sequence[Any], rows: Sequence[Row], former: Sequence[int]) -> None:
        self._values = values
        self._rows = rows
        places = [*former, *range(len(former), len(rows))]
        # A former order is nearly right, and sorting what is nearly sorted costs next to nothing.
        self.order = sorted((p for p in places if values[p] is not None), key=self.key)
        self.order += sorted((p for p in places if values[p] is None), key=lambda p: rows[p].listing_id)
        self._known = len(values) - sum(value is None for value in values)

    def key(self, place: int) -> Key:
        return self._values[place], self._rows[place].listing_id

    def places(self, order: Order) -> Positions:
        return self._ascending if order == "asc" else self._descending

    def between(self, low: Decimal | None, high: Decimal | None) -> Positions:
        """The places of all rows with a value from `low` to `high`, both included."""

        def value(place: int) -> Any:
            return self._values[place]

        first = 0 if low is None else bisect_left(self.order, low, hi=self._known, key=value)
        end = self._known if high is None else bisect_right(self.order, high, hi=self._known, key=value)
        return self._ascending[first:end]

    def place_beyond(self, key: Key, order: Order) -> int:
        """How many of the sorted rows come up to `key`, itself included."""
        value, listing = key
        if value is None:
            listings = [self._rows[p].listing_id for p in self.order[self._known :]]
            if order == "asc":
                return self._known + bisect_right(listings, listing)
            return self._known + len(listings) - bisect_left(listings, listing)
        if order == "asc":
            return bisect_right(self.order, key, hi=self._known, key=self.key)
        return self._known - bisect_left(self.order, key, hi=self._known, key=self.key)

    @cached_property
    def _ascending(self) -> Positions:
        return np.array(self.order, np.int32)

    @cached_property
    def _descending(self) -> Positions:
        return np.concatenate((self._ascending[: self._known][::-1], self._ascending[self._known :][::-1]))
