"""The catalogue: all assets with all their listings, quoted or not, to be searched and put in order."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec

from kasparro.market.board import Board
from kasparro.market.snapshot import Filters, Snapshot
from kasparro.market.sorting import Order
from kasparro.market.texts import END, Texts

AssetField = Literal["rank", "market_cap_usd", "asset"]


class Listing(msgspec.Struct, frozen=True, gc=False):
    """A listing that belongs to an asset. `symbol`, `name` and `active` are what its source's coin list said last, None
    where there is none or it doesn't say; `dataset` is empty but for files."""

    listing_id: int
    source: str
    dataset: str
    crypto_id: str
    asset: str
    symbol: str | None
    name: str | None
    active: bool | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which assets are wanted; texts are compared without regard to case.

    `q` is looked for in what the asset and its listings are called, now or in their source's coin list. `linked` assets
    have listings of several sources. An asset is `listed` unless all sources that say so say that it no longer is.
    """

    q: str | None = None
    symbol: str | None = None
    source: str | None = None
    linked: bool | None = None
    listed: bool | None = None


class Catalogue:
    """All listings that have an asset at the ledger's `version`, by id. It never changes; `after` makes another."""

    def __init__(self, version: int, listings: Mapping[int, Listing]) -> None:
        self.version = version
        self.listings = listings

    def after(self, version: int, changed: Iterable[Listing]) -> "Catalogue":
        """The catalogue at `version`, in which `changed` listings are new or other than here."""
        new = {listing.listing_id: listing for listing in changed}
        after = Catalogue(version, {**self.listings, **new} if new else self.listings)
        if not new:
            # Mostly nothing changed: what was made of the listings still holds.
            after.__dict__.update({name: made for name, made in self.__dict__.items() if name != "version"})
        return after

    @cached_property
    def by_asset(self) -> Mapping[str, Sequence[Listing]]:
        """The listings of each asset."""
        groups: dict[str, list[Listing]] = defaultdict(list)
        for listing in self.listings.values():
            groups[listing.asset].append(listing)
        return dict(groups)

    @cached_property
    def assets(self) -> Sequence[str]:
        """All assets, by name."""
        return sorted(self.by_asset)

    def with_id(self, crypto_id: str) -> Sequence[Listing]:
        """The listings that their source knows by this id, in whatever case."""
        return self._by_id.get(crypto_id.casefold(), ())

    def search(self, wanted: Wanted, snapshot: Snapshot) -> set[str] | None:
        """The assets that are wanted, as they are called in the snapshot's quotes too; None for all of them."""
        found: list[set[str]] = []
        if wanted.q is not None:
            rows = self._rows
            said = {rows[place].asset for place in self._texts.containing(wanted.q)}
            found.append(said | snapshot.assets(Filters(q=wanted.q)))
        if wanted.symbol is not None:
            listed = {one.asset for one in self._by_symbol.get(wanted.symbol.casefold(), ())}
            found.append(listed | snapshot.assets(Filters(symbol=wanted.symbol)))
        if wanted.source is not None:
            found.append({one.asset for one in self._rows if one.source == wanted.source})
        if wanted.linked is not None:
            found.append(self._where(lambda listings: is_linked(listings) is wanted.linked))
        if wanted.listed is not None:
            found.append(self._where(lambda listings: is_listed(listings) is wanted.listed))
        return set.intersection(*found) if found else None

    def arrange(self, chosen: set[str] | None, board: Board, sort_by: AssetField, order: Order) -> Sequence[str]:
        """The `chosen` assets (None: all) in this order; what is unknown comes last, and equal ones by name."""
        assets = self.assets if chosen is None else [asset for asset in self.assets if asset in chosen]
        backwards = order == "desc"
        if sort_by == "asset":
            return assets[::-1] if backwards else assets
        if sort_by == "rank":
            known: Sequence[str] = [asset for asset in assets if asset in board.ranks]
            known = sorted(known, key=board.ranks.__getitem__, reverse=backwards)
            return [*known, *(asset for asset in assets if asset not in board.ranks)]
        ranked = board.ranking[: board.ranked]
        known = ranked if chosen is None else [asset for asset in ranked if asset in chosen]
        placed = set(known)
        return [*(known if backwards else known[::-1]), *(asset for asset in assets if asset not in placed)]

    def _where(self, holds: Callable[[Sequence[Listing]], bool]) -> set[str]:
        return {asset for asset, listings in self.by_asset.items() if holds(listings)}

    @cached_property
    def _rows(self) -> Sequence[Listing]:
        return list(self.listings.values())

    @cached_property
    def _by_id(self) -> dict[str, list[Listing]]:
        return _grouped((one.crypto_id, one) for one in self._rows)

    @cached_property
    def _by_symbol(self) -> dict[str, list[Listing]]:
        return _grouped((one.symbol, one) for one in self._rows if one.symbol is not None)

    @cached_property
    def _texts(self) -> Texts:
        return Texts(
            f"{one.asset}{END}{one.crypto_id}{END}{one.symbol or ''}{END}{one.name or ''}" for one in self._rows
        )  # fmt: skip


def is_linked(listings: Iterable[Listing]) -> bool:
    """Whether there are listings of several sources."""
    first, *others = listings
    return any(other.source != first.source for other in others)


def is_listed(listings: Iterable[Listing]) -> bool:
    """Whether an asset with these listings is still listed, as far as anybody says."""
    told = [listing.active for listing in listings if listing.active is not None]
    return any(told) or not told


def _grouped(named: Iterable[tuple[str, Listing]]) -> dict[str, list[Listing]]:
    groups: dict[str, list[Listing]] = defaultdict(list)
    for name, listing in named:
        groups[name.casefold()].append(listing)
    return groups
