"""Rows of files: which asset a CSV listing belongs to, by what it declares."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from kasparro.market.identity.finding import Method
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.standing import Standing, compare_standing

_SHOWN = 5
"""How many candidates a reason lists."""


class Placement(msgspec.Struct, frozen=True):
    """A row's asset and the listings that led there; or, without an asset, the reason."""

    asset: str | None = None
    method: Method = Method.OWN
    confidence: float = 1.0
    reason: str = ""
    by: tuple[str, ...] = ()


class Shelves:
    """Providers' listings by what a row may declare: an address, an id, a symbol."""

    def __init__(self, providers: Iterable[Profile], assets: Mapping[int, str]) -> None:
        self._assets = assets
        self._by_address: dict[object, list[Profile]] = defaultdict(list)
        self._by_id: dict[str, list[Profile]] = defaultdict(list)
        self._by_symbol: dict[str, list[Profile]] = defaultdict(list)
        for known in providers:
            self._by_id[known.subject.coin_id.casefold()].append(known)
            self._by_symbol[known.symbol].append(known)
            for found in known.addresses:
                self._by_address[found].append(known)

    def place(self, row: Profile) -> Placement:
        """The asset of `row` by the strongest thing that it declares, which the others must not contradict."""
        for way in (self._by_declared_address, self._by_declared_id, self._by_declared_name, self._by_ticker):
            if (found := way(row)) is not None:
                return self._against_prices(row, found)
        return Placement(reason=f"no coin of rank has the symbol {row.subject.symbol.upper() or '(none)'}")

    def _by_declared_address(self, row: Profile) -> Placement | None:
        found = [known for address in sorted(row.addresses) for known in self._by_address.get(address, ())]
        meant = [known for known in found if known.bridged == row.bridged] or found
        return self._one(meant, Method.DECLARED_ADDRESS, 0.97, "address") if meant else None

    def _by_declared_id(self, row: Profile) -> Placement | None:
        said = row.subject.coin_id.casefold()
        # An id that is the ticker says no more than the ticker, and numbers are those of other providers.
        if said == row.subject.symbol.casefold() or said.isdigit():
            return None
        found = self._by_id.get(said, [])
        if not found:
            return None
        if row.symbol and not any(row.symbol in known.symbols for known in found):
            return Placement(
                reason=f"the id {said} is that of {found[0].subject.symbol.upper()}, "
                f"but the symbol is {row.subject.symbol.upper()}"
            )
        return self._one(found, Method.DECLARED_ID, 0.95, "id")

    def _by_declared_name(self, row: Profile) -> Placement | None:
        if not row.symbol or not row.name.plain or row.name.plain == row.symbol:
            return None
        alike = [
            known for known in self._by_symbol.get(row.symbol, ())
            if known.name.core == row.name.core and known.name.versions == row.name.versions
            and known.bridged == row.bridged
        ]  # fmt: skip
        if not alike:
            return None
        return self._one([k for k in alike if _of_rank(k)] or alike, Method.DECLARED_NAME, 0.9, "symbol and name")

    def _by_ticker(self, row: Profile) -> Placement | None:
        ranked = [known for known in self._by_symbol.get(row.symbol, ()) if row.symbol and _of_rank(known)]
        if not ranked:
            return None
        if row.name.plain and row.name.plain != row.symbol:
            return Placement(
                reason=f"the symbol is that of {self._named(ranked)}, but the name is {row.subject.name}"
            )  # fmt: skip
        return self._one(ranked, Method.SYMBOL, 0.75, "symbol")

    def _one(self, found: list[Profile], method: Method, confidence: float, what: str) -> Placement:
        assets = {self._assets[known.subject.listing_id] for known in found}
        if len(assets) == 1:
            return Placement(assets.pop(), method, confidence, by=tuple(sorted(k.subject.label for k in found)))
        return Placement(reason=f"ambiguous {what}: {len(assets)} active candidates, {self._named(found)}")

    def _named(self, found: list[Profile]) -> str:
        assets = sorted({self._assets[known.subject.listing_id] for known in found})
        return ", ".join(assets[:_SHOWN]) + (", …" if len(assets) > _SHOWN else "")

    def _against_prices(self, row: Profile, found: Placement) -> Placement:
        """`found`, unless prices of the same time speak against it. An address is stronger than a price."""
        if found.asset is None or found.method is Method.DECLARED_ADDRESS or row.subject.price_usd is None:
            return found
        own = msgspec.structs.replace(row.subject, rank=None)
        for known in self._by_symbol.get(row.symbol, ()):
            if self._assets[known.subject.listing_id] == found.asset:
                theirs = msgspec.structs.replace(known.subject, rank=None)
                if compare_standing(own, theirs)[0] is Standing.DISAGREES:
                    return Placement(reason=f"its price or market cap is far from that of {found.asset}")
        return found


def _of_rank(known: Profile) -> bool:
    return known.subject.active is not False and known.subject.rank is not None
