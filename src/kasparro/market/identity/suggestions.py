"""Suggestions: what is likely, but not proven, for a person to decide."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from itertools import combinations, product
from typing import Any

from kasparro.market.identity.finding import ADDRESS, contradicting
from kasparro.market.identity.groups import Refusal
from kasparro.market.identity.link import Suggestion, Verdict
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.standing import Standing, compare_standing

_LIKE = 0.5
"""From this likeness of their names on, two coins with the same rare ticker are suggested."""

_MOST_PER_TICKER = 3
"""A ticker that more listings of a source share suggests nothing by itself."""

_DOUBT = 0.75
"""A refused case is worth so much of what it would be worth as a link."""


class World:
    """Where all providers' listings stand once the links are made."""

    def __init__(self, providers: Mapping[int, Profile], assets: Mapping[int, str]) -> None:
        self.providers = {i: known for i, known in providers.items() if i in assets}
        self._assets = assets
        self._sources: dict[str, set[str]] = defaultdict(set)
        for listing_id, known in self.providers.items():
            self._sources[assets[listing_id]].add(known.subject.source)

    def apart(self, a: int, b: int) -> bool:
        """Whether they are in different assets."""
        return self._assets[a] != self._assets[b]

    def settled(self, a: int, b: int) -> bool:
        """Whether an asset of theirs already has a listing of the other's source, so that they can't become one."""
        return (
            self.providers[b].subject.source in self._sources[self._assets[a]]
            or self.providers[a].subject.source in self._sources[self._assets[b]]
        )


def suggest(
    refused: Iterable[Refusal], world: World, deciding: Collection[int], verdicts: Collection[Verdict]
) -> list[Suggestion]:  # fmt: skip
    """Pairs of listings in different assets that may be one coin, best first; one of each is among `deciding`.

    `refused` are the cases that made no link. What a person has decided isn't asked again. An address in common is
    shown even where both have found their places otherwise: the conflict is for a person to see.
    """
    told = {_pair(v.a, v.b) for v in verdicts}
    found: dict[tuple[int, int], Suggestion] = {}
    for refusal in refused:
        a, b = _pair(refusal.edge.a, refusal.edge.b)
        finding = refusal.edge.finding
        if world.apart(a, b) and (finding.strength >= ADDRESS or not world.settled(a, b)):
            score = round(finding.confidence * _DOUBT, 3)
            found[a, b] = Suggestion(a, b, score, refusal.reason, finding.evidence)
    for suggestion in _by_ticker(world, deciding):
        found.setdefault((suggestion.a, suggestion.b), suggestion)
    return sorted((s for pair, s in found.items() if pair not in told), key=lambda s: (-s.score, s.a, s.b))


def _by_ticker(world: World, deciding: Collection[int]) -> Iterable[Suggestion]:
    """Coins that have nothing in common but a rare ticker and, roughly, the name, or the price."""
    tickers: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for listing_id, known in world.providers.items():
        if known.symbol and known.subject.active is not False:
            tickers[known.symbol][known.subject.source].append(listing_id)
    for by_source in tickers.values():
        for one, other in combinations(by_source.values(), 2):
            if max(len(one), len(other)) > _MOST_PER_TICKER:
                continue
            for a, b in (_pair(*pair) for pair in product(one, other)):
                if (a in deciding or b in deciding) and world.apart(a, b) and not world.settled(a, b):
                    yield from _ticker_case(world.providers[a], world.providers[b], len(one) * len(other))


def _ticker_case(a: Profile, b: Profile, pairs: int) -> Iterable[Suggestion]:
    if a.bridged != b.bridged or contradicting(a, b):
        return
    likeness = _likeness(a, b)
    standing, figures = compare_standing(a.subject, b.subject)
    if standing is Standing.DISAGREES or (likeness < _LIKE and standing is not Standing.CONFIRMED):
        return
    evidence: dict[str, Any] = {
        "listings": [a.subject.label, b.subject.label],
        "names": f"same symbol; the names are alike by {likeness:.2f}",
        "pairs_with_this_symbol": pairs,
    }
    score = max(likeness, 0.8 if standing is Standing.CONFIRMED else 0) * 0.6 / pairs
    yield Suggestion(
        a.subject.listing_id, b.subject.listing_id, round(score, 3), "only the symbol is the same", evidence | figures
    )  # fmt: skip


def _likeness(a: Profile, b: Profile) -> float:
    """How alike the likest two names are, ids' included, 0 to 1."""
    ours = {a.name.plain, a.name.core, *a.id_names} - {""}
    theirs = {b.name.plain, b.name.core, *b.id_names} - {""}
    return max((SequenceMatcher(None, x, y).ratio() for x in ours for y in theirs), default=0.0)


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)
