"""Successors: one source's old and new listing of the same token, proven by its address."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

from kasparro.market.identity.edges import Edge
from kasparro.market.identity.finding import Finding, Method
from kasparro.market.identity.profile import Profile

SUCCESSION = 400
"""Below all names, so that both listings have found their counterparts before."""

_MOST = 10
"""An address that more listings of one source have proves nothing about any of them."""


def successor_edges(profiles: Mapping[int, Profile]) -> list[Edge]:
    """The pairs of one source's listings of which one has taken the other's place.

    Both have the same address on the same chain, one is listed today and the other isn't known to be, and they share
    a symbol, a name or what their ids hold. Anything less leaves them two coins.
    """
    sharing: dict[tuple[str, object], list[int]] = defaultdict(list)
    for listing_id, known in profiles.items():
        for address in known.addresses:
            sharing[known.subject.source, address].append(listing_id)
    pairs = {pair for ids in sharing.values() if 1 < len(ids) <= _MOST for pair in combinations(ids, 2)}
    edges = []
    for a, b in sorted(pairs):
        one, other = profiles[a], profiles[b]
        if (one.subject.active is True) != (other.subject.active is True) and _akin(one, other):
            evidence = {
                "listings": [one.subject.label, other.subject.label],
                "addresses": sorted(map(str, one.addresses & other.addresses)),
                "note": "one source's old and new listing of the same token",
            }
            finding = Finding(method=Method.SUCCESSOR, strength=SUCCESSION, confidence=0.9, evidence=evidence)
            edges.append(Edge(a, b, finding))
    return edges


def _akin(a: Profile, b: Profile) -> bool:
    if a.bridged != b.bridged or a.name.versions != b.name.versions:
        return False
    return not (a.symbols.isdisjoint(b.symbols) and a.names.isdisjoint(b.names) and a.id_names.isdisjoint(b.id_names))
