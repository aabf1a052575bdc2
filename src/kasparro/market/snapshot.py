"""A snapshot: the newest quote of every listing as known at one moment, in memory, to be filtered, sorted and paged.

A ledger has some ten thousand listings, so all of them fit into memory, where a filter is a mask over columns:
microseconds, where the same question costs a database milliseconds. Amounts stay exact: they are only ever compared
as decimals, and shown as the text that PostgreSQL rendered.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from kasparro.market.grouping import Grouping, Positions
from kasparro.market.numbers import Numbers, numbers_after, numbers_of
from kasparro.market.row import Row
from kasparro.market.sides import Sides
from kasparro.market.sorting import NOTHING_SORTED, Key, Order, Sorting
from kasparro.market.texts import END, Texts

SortField = Literal[
    "created_at", "price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "rank", "crypto_name",
    "symbol", "observed_at",
]  # fmt: skip


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

    A snapshot never changes; `after` makes the next one, which shares what stayed the same. A row's place in `rows` is
    that of its listing for good: new listings come last.
    """

    def __init__(self, version: int, rows: Sequence[Row]) -> None:
        self.version = version
        self.rows = rows
        self._sorted: dict[SortField, Sorting] = {}
        self._outdated: dict[SortField, tuple[Sorting, set[int]]] = {}
        """What was sorted some changes ago, and the places that have changed since."""
        self._groups: dict[str, dict[str, list[int]]] = {}

    def after(self, version: int, changed: Iterable[Row]) -> "Snapshot":
        """The snapshot after the load `version`, in which `changed` rows are new or other than here."""
        rows, places = list(self.rows), dict(self._places)
        touched = set()
        for row in changed:
            place = places.setdefault(row.listing_id, len(rows))
            rows[place : place + 1] = [row]
            touched.add(place)
        after = Snapshot(version, rows)
        made = after.__dict__
        made["_places"] = places
        after._outdated = {
            field: (sorting, both)
            for field, (sorting, since) in self._outdated.items()
            # Of what nobody asks for any more nothing is worth keeping.
            if len(both := {*since, *touched}) * 4 <= len(rows)
        }
        after._outdated |= {field: (sorting, touched) for field, sorting in self._sorted.items()}
        if (numbers := self.__dict__.get("_numbers")) is not None:
            made["_numbers"] = numbers_after(numbers, rows, sorted(touched))
        if len(rows) == len(self.rows):
            # Mostly only numbers have changed: what was made of the texts still holds.
            other = self._differing(rows, touched)
            after._groups = {field: groups for field, groups in self._groups.items() if field not in other}
            made |= {
                name: self.__dict__[name] for name, made_of in _MADE_OF.items()
                if name in self.__dict__ and not other & made_of
            }  # fmt: skip
        return after

    def _differing(self, rows: Sequence[Row], places: Iterable[int]) -> set[str]:
        """Which of the fields that seldom change differ at these places."""
        return {
            field for place in places for field in _STEADY
            if getattr(rows[place], field) != getattr(self.rows[place], field)
        }  # fmt: skip

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

    def _sorting(self, field: SortField) -> Sorting:
        found = self._sorted.get(field)
        if found is None:
            key, (former, since) = _KEYS[field], self._outdated.get(field, (NOTHING_SORTED, range(len(self.rows))))
            changed = {place: key(self.rows[place]) for place in since}
            found = self._sorted[field] = former.after(changed, self._listings)
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
    def _listings(self) -> list[int]:
        return list(self._places)

    @cached_property
    def _numbers(self) -> Numbers:
        return numbers_of(self.rows)

    @property
    def _shown(self) -> NDArray[np.bool_]:
        shown: NDArray[np.bool_] = self._numbers["shown"]
        return shown

    @cached_property
    def _grouping(self) -> Grouping:
        return Grouping(self.rows)

    @property
    def sides(self) -> Sides:
        """The quotes asset by asset."""
        return Sides(self.rows, self._numbers, self._grouping)

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

_STEADY = ("source", "crypto_id", "symbol", "crypto_name", "asset", "retracted")
_MADE_OF = {
    "_texts": {"crypto_id", "symbol", "crypto_name"},
    "_grouping": {"asset", "source", "retracted"},
    "_listings": set[str](),
}
"""What is made of rows, and of which of their fields."""
