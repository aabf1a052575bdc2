"""All cases for two listings being one coin, found without comparing every listing with every other."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

import msgspec

from kasparro.market.identity.finding import ADDRESS, NEEDS_RARE_SYMBOL, Finding, compare, contradicting
from kasparro.market.identity.neighbours import close_keys
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.standing import FAMOUS, Standing
from kasparro.market.identity.subject import CSV

MOST_NAMESAKES = 30
"""Of so many listings of a source with the same symbol and name, the best ranked are compared. Without prices and
addresses so many can't be told apart anyway; with them, a real coin is among those of rank."""


class Edge(msgspec.Struct, frozen=True, gc=False):
    """The case for two listings of different sources; `a` has the smaller id."""

    a: int
    b: int
    finding: Finding


class Context:
    """What else a source lists: coins of the same bare name (its old and new versions), symbol, or id."""

    def __init__(self, profiles: Iterable[Profile], ranking: Collection[str] = ()) -> None:
        self._ranking = frozenset(ranking)
        self._called: dict[tuple[str, str], list[Profile]] = defaultdict(list)
        self._symbols: dict[tuple[str, str], int] = defaultdict(int)
        self._ranked: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._ids: set[tuple[str, str]] = set()
        for known in profiles:
            source = known.subject.source
            self._called[source, known.name.plain].append(known)
            self._symbols[source, known.symbol] += 1
            if known.subject.rank is not None:
                self._ranked[source, known.symbol, known.name.core].append(known.subject.listing_id)
            self._ids.add((source, known.subject.coin_id))

    def told_apart(self, known: Profile) -> frozenset[frozenset[str]]:
        """The marks of all listings of the same source and bare name whose tickers are alike, its own included."""
        return frozenset(other.name.versions for other in self._namesakes(known))

    def _namesakes(self, known: Profile) -> list[Profile]:
        namesakes = self._called.get((known.subject.source, known.name.plain), ())
        return [other for other in namesakes if _alike(known.symbol, other.symbol)]

    def objection(self, a: Profile, b: Profile, finding: Finding) -> str | None:
        """Why what else is listed forbids to link `a` and `b` on this finding."""
        if finding.strength >= ADDRESS:
            return self._unclear_old(a, b) or self._unclear_old(b, a)
        if finding.standing is Standing.CONFIRMED:
            return None
        doubts = (
            (self._shadowed, "a coin of rank has the same symbol and much the same name, and one of these has no rank"),
            (self._unknown_fame, "one is famous, and the other's source, which ranks coins, doesn't rank it"),
            (self._second, "one source's id was given to an older coin before"),
        )
        for doubt, reason in doubts:
            if doubt(a, b) or doubt(b, a):
                return reason
        if finding.strength == NEEDS_RARE_SYMBOL and not (self._rare(a) and self._rare(b)):
            return "the symbol is that of several coins"
        if self.told_apart(a) != self.told_apart(b):
            return "one source also lists an old or new version"
        return None

    def _shadowed(self, known: Profile, _: Profile) -> bool:
        """Whether it calls itself like a coin of rank of its own source. Two such copies aren't one coin."""
        if known.subject.active is None and known.subject.price_usd is None:
            return False
        key = known.subject.source, known.symbol, known.name.core
        return known.subject.rank is None and bool(self._ranked.get(key))

    def _unknown_fame(self, famous: Profile, other: Profile) -> bool:
        rank = famous.subject.rank
        return rank is not None and rank <= FAMOUS and other.subject.rank is None and (
            {famous.subject.source, other.subject.source} <= self._ranking
        )  # fmt: skip

    def _rare(self, known: Profile) -> bool:
        return self._symbols[known.subject.source, known.symbol] == 1

    def _second(self, numbered: Profile, other: Profile) -> bool:
        """Whether one's id is numbered since an older coin has it, and the other's id has the very same words.

        `terra-luna-2` took name and ticker of `terra-luna`, and `luna-terra` may mean either.
        """
        subject = numbered.subject
        stem, _, number = subject.coin_id.rpartition("-")
        if not number.isdigit() or (subject.source, stem) not in self._ids or numbered.name.plain.endswith(number):
            return False
        return set(stem.split("-")) == set(other.subject.coin_id.split("-"))

    def _unclear_old(self, marked: Profile, other: Profile) -> str | None:
        """A source that calls a coin old may have its address in common with one that has yet to learn the new.

        The address only proves which of two versions is meant when the latter tells them apart, by other addresses; or
        when the former does, and the latter keeps its listing active with an address of the old and none of the new.
        """
        if "old" not in marked.name.versions or "old" in other.name.versions or other.subject.active is False:
            return None
        if any(contradicting(other, namesake) for namesake in self._namesakes(other)):
            return None
        others = (new for new in self._namesakes(marked) if new.addresses)
        if other.subject.active and any(new.addresses.isdisjoint(other.addresses) for new in others):
            return None
        return "one calls the coin old, and it is unclear which version the other means"


def find_edges(profiles: Mapping[int, Profile], context: Context) -> list[Edge]:
    """Every case among `profiles` of providers' listings, by their ids; what speaks against it noted."""
    buckets: dict[str, list[int]] = defaultdict(list)
    for listing_id, known in profiles.items():
        if known.subject.source != CSV:
            for key in close_keys(known):
                buckets[key].append(listing_id)
    seen: set[tuple[int, int]] = set()
    for key, bucket in buckets.items():
        if len(bucket) > 1 and not key.startswith("is:"):
            seen.update(_pairs(bucket, profiles))
    edges = []
    for a, b in sorted(seen):
        one, other = profiles[a], profiles[b]
        if (finding := compare(one, other)) is not None:
            if finding.against is None and (objection := context.objection(one, other, finding)):
                finding = msgspec.structs.replace(finding, against=objection)
            edges.append(Edge(a, b, finding))
    return edges


def _pairs(bucket: list[int], profiles: Mapping[int, Profile]) -> Iterable[tuple[int, int]]:
    by_source: dict[str, list[int]] = defaultdict(list)
    for listing_id in bucket:
        by_source[profiles[listing_id].subject.source].append(listing_id)
    for one, other in combinations(by_source.values(), 2):
        for a in _foremost(one, profiles):
            for b in _foremost(other, profiles):
                yield (a, b) if a < b else (b, a)


def _foremost(listings: list[int], profiles: Mapping[int, Profile]) -> list[int]:
    if len(listings) <= MOST_NAMESAKES:
        return listings

    def order(listing_id: int) -> tuple[bool, int, int, str]:
        subject = profiles[listing_id].subject
        return subject.active is False, subject.rank or 1 << 40, len(subject.coin_id), subject.coin_id

    return sorted(listings, key=order)[:MOST_NAMESAKES]


def _alike(one: str, other: str) -> bool:
    """Whether two tickers may be a coin's and its version's: BTT and BTTOLD."""
    return one in other or other in one
