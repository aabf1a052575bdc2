"""Groups: listings brought together one case after the other, the strongest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby

import msgspec

from kasparro.market.identity.edges import Edge
from kasparro.market.identity.finding import ADDRESS, HELD, NEARLY_SAME_NAME, SAME_NAME, Finding, Method, contradicting
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.standing import Standing

_SAME_SOURCE = frozenset({Method.PERSON, Method.SUCCESSOR})
"""What may bring two listings of one source together."""


class Groups:
    """Listings by group; at first each is alone. A group has one listing of a source, but for proven successors."""

    def __init__(self, profiles: Mapping[int, Profile], different: Iterable[tuple[int, int]]) -> None:
        self._profiles = profiles
        self.members = {listing_id: [listing_id] for listing_id in profiles}
        self.findings: dict[int, Finding] = {}
        """The case that brought each listing into its group."""
        self._group = {listing_id: listing_id for listing_id in profiles}
        self._different: dict[int, set[int]] = defaultdict(set)
        for a, b in different:
            self._different[a].add(b)
            self._different[b].add(a)

    def of(self, listing_id: int) -> list[int]:
        """All listings of the group that `listing_id` is in."""
        return self.members[self._group[listing_id]]

    def together(self, a: int, b: int) -> bool:
        """Whether both are in one group."""
        return self._group[a] == self._group[b]

    def obstacle(self, edge: Edge) -> str | None:
        """Why the edge can't bring its groups together; None when it can, or has no need to."""
        if self.together(edge.a, edge.b):
            return None
        ours, theirs = self.of(edge.a), self.of(edge.b)
        if any(other in self._different[one] for one in ours for other in theirs):
            return "a person told them apart"
        both = self._sources(ours) & self._sources(theirs)
        if edge.finding.method in _SAME_SOURCE:
            # Proven is one source's change of listing; other sources' listings that come along are still two coins.
            both -= self._sources([edge.a]) & self._sources([edge.b])
        if both:
            return "its asset already has another listing of this source"
        if edge.finding.strength < ADDRESS:
            for one in ours:
                for other in theirs:
                    if contradicting(self._profiles[one], self._profiles[other]):
                        return "addresses of their assets differ"
        return None

    def _sources(self, listings: Iterable[int]) -> set[str]:
        return {self._profiles[i].subject.source for i in listings}

    def merge(self, edge: Edge) -> None:
        """Bring the groups of the edge's listings together."""
        one, other = self._group[edge.a], self._group[edge.b]
        if one == other:
            return
        for listing_id in self.members[other]:
            self._group[listing_id] = one
        self.members[one] = sorted(self.members[one] + self.members.pop(other))
        for listing_id in (edge.a, edge.b):
            self.findings.setdefault(listing_id, edge.finding)


class Refusal(msgspec.Struct, frozen=True):
    """An edge that brought nothing together, and why."""

    edge: Edge
    reason: str


def bring_together(groups: Groups, edges: Iterable[Edge], profiles: Mapping[int, Profile]) -> list[Refusal]:
    """Merge along all edges that are strong and clear enough; the others are given back.

    Edges of the same strength that would bring a listing together with two of one source are all refused: which is
    right can't be known. A name must also be unmatched by any other listing, linked or not. Otherwise two copies of a
    famous coin, one in each source, would be linked to each other for being left over.
    """
    ordered = sorted(edges, key=lambda e: (-e.finding.strength, e.a, e.b))
    rivals = _Rivals(ordered, profiles)
    refused: list[Refusal] = []
    for _, tier in groupby(ordered, key=lambda e: e.finding.strength):
        able: list[Edge] = []
        for edge in tier:
            if reason := edge.finding.against or groups.obstacle(edge):
                refused.append(Refusal(edge, reason))
            elif edge.finding.strength < HELD and (count := rivals.of(edge, groups)):
                refused.append(Refusal(edge, f"ambiguous: {count + 1} listings of one source match as well"))
            else:
                able.append(edge)
        choices = _choices(able, groups, profiles)
        for edge in able:
            if len(choices[_choice(edge.a, edge.b, groups, profiles)]) > 1 or (
                len(choices[_choice(edge.b, edge.a, groups, profiles)]) > 1
            ):
                refused.append(Refusal(edge, "ambiguous: other listings of the same source match as well"))
        unclear = {(r.edge.a, r.edge.b) for r in refused}
        for edge in able:
            if (edge.a, edge.b) in unclear:
                continue
            # An edge of this very tier may have changed the groups.
            if reason := groups.obstacle(edge):
                refused.append(Refusal(edge, reason))
            else:
                groups.merge(edge)
    return refused


class _Rivals:
    """For each listing and other source: the names that match it, by strength."""

    def __init__(self, edges: Iterable[Edge], profiles: Mapping[int, Profile]) -> None:
        self._profiles = profiles
        self._matches: dict[tuple[int, str], list[tuple[int, Standing, int]]] = defaultdict(list)
        for edge in edges:
            strength, standing = edge.finding.strength, edge.finding.standing
            if strength < HELD and not _other_coin(edge.finding):
                self._matches[edge.a, profiles[edge.b].subject.source].append((strength, standing, edge.b))
                self._matches[edge.b, profiles[edge.a].subject.source].append((strength, standing, edge.a))

    def of(self, edge: Edge, groups: Groups) -> int:
        return max(self._count(edge, edge.a, edge.b, groups), self._count(edge, edge.b, edge.a, groups))

    def _count(self, edge: Edge, one: int, other: int, groups: Groups) -> int:
        matches = self._matches[one, self._profiles[other].subject.source]
        return sum(
            strength >= _least(edge.finding, standing) and not groups.together(rival, other)
            for strength, standing, rival in matches
        )


def _least(finding: Finding, standing: Standing) -> int:
    """From which strength on a rival of this standing makes `finding` ambiguous.

    Ids only choose between two coins of the same symbol and name while nothing is known of any price: a copy may
    have come first, and its price may be copied too. A copy's name may also be off by a word that says nothing. What
    prices and market caps confirm stands out by itself.
    """
    if finding.standing is Standing.CONFIRMED or finding.standing is standing is Standing.UNKNOWN:
        return finding.strength
    if standing in (Standing.AGREES, Standing.ONE_SIDED, Standing.CONFIRMED):
        return min(finding.strength, NEARLY_SAME_NAME)
    return min(finding.strength, SAME_NAME)


def _other_coin(finding: Finding) -> bool:
    """Whether what speaks against it shows that it is another coin, so that it makes nothing ambiguous."""
    against = finding.against or ""
    return against.startswith(("their addresses", "one is a wrapped"))


def _choice(one: int, other: int, groups: Groups, profiles: Mapping[int, Profile]) -> tuple[int, str]:
    """The question that an edge answers for the group of `one`: which listing of the other's source belongs to it?"""
    return groups.of(one)[0], profiles[other].subject.source


def _choices(
    edges: Iterable[Edge], groups: Groups, profiles: Mapping[int, Profile]
) -> dict[tuple[int, str], set[int]]:  # fmt: skip
    """The answers that `edges` give to each question, as groups."""
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    for edge in edges:
        found[_choice(edge.a, edge.b, groups, profiles)].add(groups.of(edge.b)[0])
        found[_choice(edge.b, edge.a, groups, profiles)].add(groups.of(edge.a)[0])
    return found
