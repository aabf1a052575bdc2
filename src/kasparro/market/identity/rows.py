"""The links of files' rows, once the providers' listings have theirs."""

from collections.abc import Collection, Container, Mapping

from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Verdict
from kasparro.market.identity.placement import Placement, Shelves
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.slugs import give_slugs

_ORDER = (Method.SYMBOL, Method.DECLARED_NAME, Method.DECLARED_ID, Method.DECLARED_ADDRESS)
"""What rows are linked by, the weakest first."""


def link_rows(
    rows: Mapping[int, Profile],
    providers: Mapping[int, Profile],
    assets: Mapping[int, str],
    held: Mapping[int, Link],
    verdicts: Collection[Verdict],
    taken: Container[str],
) -> tuple[dict[int, Link], dict[int, str]]:
    """The links of `rows`, and for those without a provider's asset the reason.

    `assets` are the slugs of the `providers`. A row stays where it is while its asset is there, unless something
    stronger than what led there leads elsewhere, or a person says so.
    """
    if not rows:
        return {}, {}
    shelves = Shelves((known for i, known in providers.items() if i in assets), assets)
    said, denied = _told(rows, providers, assets, verdicts)
    present = set(assets.values())
    placed: dict[int, Placement] = {}
    for i, row in rows.items():
        found = said.get(i) or _keep(shelves.place(row), held.get(i), present)
        if i not in said and found.asset in denied.get(i, ()):
            found = Placement(reason=f"a person told it apart from {found.asset}")
        placed[i] = found
    alone = give_slugs(
        [[rows[i].subject] for i, found in placed.items() if found.asset is None],
        {i: held[i].asset for i in rows if i in held and held[i].method is Method.OWN},
        taken,
    )
    links = {i: _link(rows[i], found, found.asset or alone[i]) for i, found in placed.items()}
    return links, {i: found.reason for i, found in placed.items() if found.asset is None}


def _keep(found: Placement, held: Link | None, present: Collection[str]) -> Placement:
    if held is None or held.method not in _ORDER or held.asset not in present or found.asset == held.asset:
        return found
    if found.asset is not None and _ORDER.index(found.method) > _ORDER.index(held.method):
        return found
    doubt = found.reason or f"today it would be {found.asset}"
    return Placement(held.asset, held.method, held.confidence, reason=f"linked before; {doubt}")


def _told(
    rows: Mapping[int, Profile],
    providers: Mapping[int, Profile],
    assets: Mapping[int, str],
    verdicts: Collection[Verdict],
) -> tuple[dict[int, Placement], dict[int, set[str]]]:
    """What is said of rows: the placements of those that are the same as a listing, and the assets denied to others.

    Of several listings that a row is said to be, which have come apart since, the first one known counts.
    """
    said: dict[int, Placement] = {}
    denied: dict[int, set[str]] = {}
    for verdict in sorted(verdicts, key=lambda said: (said.a, said.b)):
        for row, other in ((verdict.a, verdict.b), (verdict.b, verdict.a)):
            if row in rows and other in assets:
                if verdict.same:
                    said.setdefault(row, Placement(assets[other], Method.PERSON, by=(providers[other].subject.label,)))
                else:
                    denied.setdefault(row, set()).add(assets[other])
    return said, denied


def _link(row: Profile, found: Placement, asset: str) -> Link:
    evidence: dict[str, object] = {"declares": row.subject.label, "dataset": row.subject.dataset}
    if row.addresses:
        evidence["addresses"] = sorted(map(str, row.addresses))
    if found.by:
        evidence["listings"] = list(found.by)
    if found.reason:
        evidence["note"] = found.reason
    return Link(row.subject.listing_id, asset, found.method, found.confidence, evidence)
