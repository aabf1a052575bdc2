"""The decision: which listings are one asset."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence

from kasparro.market.identity.edges import Context, Edge, find_edges
from kasparro.market.identity.finding import ADDRESS, CURATED, PERSON, Finding, Method
from kasparro.market.identity.groups import Groups, Refusal, bring_together
from kasparro.market.identity.kept import held_edges
from kasparro.market.identity.link import Link, Pair, Resolution, Verdict
from kasparro.market.identity.profile import Profile, profile
from kasparro.market.identity.rows import link_rows
from kasparro.market.identity.slugs import give_slugs
from kasparro.market.identity.subject import CSV, Subject
from kasparro.market.identity.successors import successor_edges
from kasparro.market.identity.suggestions import World, suggest


def resolve(
    subjects: Iterable[Subject | Profile],
    held: Mapping[int, Link] | None = None,
    curated: Collection[Pair] = (),
    verdicts: Collection[Verdict] = (),
    *,
    decide: Collection[int] | None = None,
    taken: Container[str] = frozenset(),
    ranking: Collection[str] = (),
) -> Resolution:
    """Give each listing its asset.

    `held` are the present links, of which nothing is changed without a stronger reason. `decide` are the ids of the
    listings to be decided (all, when None); other subjects are only looked at, and keep their held links. `taken` are
    slugs that no new asset may have: those in use elsewhere, or ever used. `ranking` are the sources whose listings
    have a rank when they are among the foremost. Nothing else matters, not even the order.
    """
    held = held or {}
    known = sorted(map(profile, subjects), key=lambda one: one.subject.listing_id)
    profiles = {one.subject.listing_id: one for one in known}
    chosen = profiles.keys() if decide is None else profiles.keys() & set(decide)
    providers = {i: known for i, known in profiles.items() if known.subject.source != CSV}
    deciding = {i: known for i, known in providers.items() if i in chosen}

    groups = Groups(deciding, ((v.a, v.b) for v in verdicts if not v.same))
    edges = _all_edges(deciding, Context(providers.values(), ranking), held, curated, verdicts)
    refused = bring_together(groups, edges, deciding)
    members = [[deciding[i].subject for i in group] for group in groups.members.values()]
    slugs = give_slugs(members, {i: link.asset for i, link in held.items() if i in providers}, taken)

    assets = {i: held[i].asset for i in providers if i in held} | slugs
    rows = {i: profiles[i] for i in sorted(chosen) if i not in providers}
    used = _Either(taken, {*assets.values(), *(link.asset for link in held.values())})
    row_links, unlinked = link_rows(rows, providers, assets, held, verdicts, used)
    links = _links(deciding, groups, slugs, refused, edges) | row_links
    return Resolution(links, suggest(refused, World(providers, assets), deciding.keys(), verdicts), unlinked)


class _Either:
    """What is in one of two containers."""

    def __init__(self, one: Container[str], other: Container[str]) -> None:
        self._one, self._other = one, other

    def __contains__(self, item: object) -> bool:
        return item in self._one or item in self._other


def _all_edges(
    deciding: Mapping[int, Profile],
    context: Context,
    held: Mapping[int, Link],
    curated: Collection[Pair],
    verdicts: Collection[Verdict],
) -> list[Edge]:
    """Every case for two listings, at most one a pair: the strongest."""
    found = {(edge.a, edge.b): edge for edge in successor_edges(deciding)}
    found |= {(edge.a, edge.b): edge for edge in find_edges(deciding, context)}
    found |= held_edges(deciding, held, found)
    for verdict in verdicts:
        if verdict.same and verdict.a in deciding and verdict.b in deciding:
            _put(found, deciding, verdict.a, verdict.b, Method.PERSON, "a person said so")
    if curated:
        by_key = {(k.subject.source, k.subject.coin_id): i for i, k in deciding.items()}
        for pair in curated:
            a, b = by_key.get(pair.one), by_key.get(pair.other)
            if a is not None and b is not None and pair.one[0] != pair.other[0]:
                _put(found, deciding, a, b, Method.CURATED, pair.note or "in the list of known pairs")
    return list(found.values())


def _put(
    found: dict[tuple[int, int], Edge], deciding: Mapping[int, Profile], a: int, b: int, method: Method, why: str
) -> None:  # fmt: skip
    a, b = min(a, b), max(a, b)
    evidence: dict[str, object] = {"listings": [deciding[a].subject.label, deciding[b].subject.label], "said": why}
    if (a, b) in found:
        evidence["beside"] = found[a, b].finding.evidence
    strength = CURATED if method is Method.CURATED else PERSON
    found[a, b] = Edge(a, b, Finding(method=method, strength=strength, confidence=1.0, evidence=evidence))


def _links(
    deciding: Mapping[int, Profile],
    groups: Groups,
    slugs: Mapping[int, str],
    refused: Sequence[Refusal],
    edges: Sequence[Edge],
) -> dict[int, Link]:
    """The links of the listings decided, each with the case that brought it into its asset."""
    conflicts: dict[int, list[str]] = defaultdict(list)
    for refusal in refused:
        if refusal.edge.finding.strength >= ADDRESS:
            for one, other in ((refusal.edge.a, refusal.edge.b), (refusal.edge.b, refusal.edge.a)):
                conflicts[one].append(f"shares an address with {deciding[other].subject.label}: {refusal.reason}")
    candidates: dict[int, int] = defaultdict(int)
    for edge in edges:
        candidates[edge.a] += 1
        candidates[edge.b] += 1
    links = {}
    for i in deciding:
        case = groups.findings.get(i)
        evidence = dict(case.evidence) if case else {}
        evidence["candidates"] = candidates[i]
        if i in conflicts:
            evidence["conflicts"] = conflicts[i]
        method, confidence = (case.method, case.confidence) if case else (Method.OWN, 1.0)
        links[i] = Link(i, slugs[i], method, confidence, evidence)
    return links
