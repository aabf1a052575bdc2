"""What stays: present links whose evidence is weaker today than when they were made."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

import msgspec

from kasparro.market.identity.edges import Edge
from kasparro.market.identity.finding import HELD, Finding, Method, contradicting
from kasparro.market.identity.link import Link
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.successors import SUCCESSION

_KEPT = (Method.SUCCESSOR, Method.FORMER_NAME, Method.PROVIDER_ID, Method.NAME, Method.ADDRESS)
"""What stays, the weakest first. A curated link, or a person's, goes with its cause."""


def held_edges(
    deciding: Mapping[int, Profile], held: Mapping[int, Link], found: Mapping[tuple[int, int], Edge]
) -> dict[tuple[int, int], Edge]:  # fmt: skip
    """The cases for what is linked at present; `found` are today's.

    Of each source one listing stands for the asset, and those whose place it took hang on it. Where addresses have
    come to contradict a weaker link, nothing holds it any more.
    """
    assets: dict[str, list[int]] = defaultdict(list)
    for i in deciding:
        if i in held and held[i].method in _KEPT:
            assets[held[i].asset].append(i)
    kept: dict[tuple[int, int], Edge] = {}
    for members in assets.values():
        standing = []
        for listings in _by_source(members, deciding).values():
            first, *others = sorted(listings, key=lambda i: _stands_for(held[i], deciding[i]))
            standing.append(first)
            for other in others:
                _keep(kept, deciding, held, found, (first, other), SUCCESSION)
        for a, b in combinations(sorted(standing), 2):
            _keep(kept, deciding, held, found, (a, b), HELD)
    return kept


def _by_source(members: Iterable[int], deciding: Mapping[int, Profile]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for i in members:
        found[deciding[i].subject.source].append(i)
    return found


def _stands_for(link: Link, known: Profile) -> tuple[bool, bool, int]:
    return link.method is Method.SUCCESSOR, known.subject.active is not True, known.subject.listing_id


def _keep(
    kept: dict[tuple[int, int], Edge],
    deciding: Mapping[int, Profile],
    held: Mapping[int, Link],
    found: Mapping[tuple[int, int], Edge],
    pair: tuple[int, int],
    strength: int,
) -> None:
    a, b = min(pair), max(pair)
    method = Method.SUCCESSOR if strength == SUCCESSION else min(held[a].method, held[b].method, key=_KEPT.index)
    if method is not Method.ADDRESS and contradicting(deciding[a], deciding[b]):
        return
    fresh = found[a, b].finding if (a, b) in found else None
    if fresh is not None and fresh.against is None:
        finding = msgspec.structs.replace(fresh, strength=max(fresh.strength, strength))
    else:
        evidence: dict[str, object] = {
            "listings": [deciding[a].subject.label, deciding[b].subject.label],
            "kept": "linked before, and nothing stronger speaks against it",
        }
        if fresh is not None:
            evidence |= {"today": fresh.evidence, "doubt": fresh.against}
        confidence = min(held[a].confidence, held[b].confidence)
        finding = Finding(method=method, strength=strength, confidence=confidence, evidence=evidence)
    kept[a, b] = Edge(a, b, finding)
