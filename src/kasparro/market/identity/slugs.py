"""The asset's name in addresses: given once, then never changed."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from kasparro.market.identity.names import slug
from kasparro.market.identity.subject import CSV, Subject

_LEADING = "coingecko"
"""The source whose ids name assets, where there is a listing of it: they are names, without a ticker."""

_FIT = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LAST = 1 << 40


def give_slugs(
    groups: Iterable[Sequence[Subject]], held: Mapping[int, str], taken: Container[str]
) -> dict[int, str]:  # fmt: skip
    """The slug of each listing's asset. `groups` are the assets, `held` the present slugs of their listings and of
    others; `taken` are slugs that no new asset may have.

    An asset keeps its slug. When assets become one, the one named after its CoinGecko id stays; when one falls apart,
    the slug stays with the larger part. The rest is named anew, coins of rank first: after its CoinGecko id, its
    name, or its id, whichever is free.
    """
    given: dict[int, str] = {}
    kept = _kept(held, groups := [list(group) for group in groups])
    used = {*held.values(), *kept.values()}
    for place in sorted(range(len(groups)), key=lambda i: _precedence(groups[i])):
        found = kept.get(place)
        if found is None:
            found = next(s for s in _candidates(groups[place]) if s not in used and s not in taken)
            used.add(found)
        for subject in groups[place]:
            given[subject.listing_id] = found
    return given


def _kept(held: Mapping[int, str], groups: Sequence[Sequence[Subject]]) -> dict[int, str]:
    """The slug that each group (by its place) keeps, if any."""
    claims: dict[str, list[tuple[tuple[bool, int, tuple[int, int]], int]]] = defaultdict(list)
    for place, group in enumerate(groups):
        for asset in {held[s.listing_id] for s in group if s.listing_id in held}:
            members = sum(held.get(s.listing_id) == asset for s in group)
            oldest = min(s.listing_id for s in group if held.get(s.listing_id) == asset)
            claims[asset].append(((_named_after(group, asset), members, (-oldest, place)), place))
    won: dict[int, list[str]] = defaultdict(list)
    for asset, claimants in claims.items():
        won[max(claimants)[1]].append(asset)
    return {place: max(slugs, key=lambda s: _worth(groups[place], held, s)) for place, slugs in won.items()}


def _worth(group: Sequence[Subject], held: Mapping[int, str], asset: str) -> tuple[bool, int, int, str]:
    """Of several present slugs, which one a group keeps: the named, the better ranked, the older."""
    there = [s for s in group if held.get(s.listing_id) == asset]
    rank = min((s.rank or _LAST for s in there), default=_LAST)
    return _named_after(group, asset), -rank, -min((s.listing_id for s in there), default=_LAST), asset


def _named_after(group: Sequence[Subject], asset: str) -> bool:
    return any(s.source == _LEADING and s.coin_id == asset for s in group)


def _precedence(group: Sequence[Subject]) -> tuple[bool, bool, int, bool, str, int]:
    """Who chooses a name first: files last, CoinGecko's listings first, then by rank; the living before the dead."""
    if len(group) == 1:  # most are alone
        [s] = group
        return s.source == CSV, s.source != _LEADING, s.rank or _LAST, s.active is False, s.coin_id, s.listing_id
    return (
        all(s.source == CSV for s in group),
        all(s.source != _LEADING for s in group),
        min(s.rank or _LAST for s in group),
        all(s.active is False for s in group),
        min(s.coin_id for s in group),
        min(s.listing_id for s in group),
    )


def _candidates(group: Sequence[Subject]) -> Iterable[str]:
    """All slugs that a new asset may have, the best first, without end."""
    # Most names are given at once: what comes later is worked out only when it's needed.
    ordered = sorted(group, key=lambda s: (s.source != _LEADING, s.source, s.rank or _LAST, s.listing_id))
    first = ordered[0]
    if first.source == CSV:
        base = "-".join(filter(None, (CSV, slug(first.dataset), slug(first.coin_id)))) or CSV
        yield base
    else:
        if first.source == _LEADING and _FIT.fullmatch(first.coin_id):
            yield first.coin_id
        yield from filter(None, (slug(s.name) for s in ordered))
        yield from (s.coin_id for s in ordered if _FIT.fullmatch(s.coin_id))
        base = slug(first.coin_id) or slug(first.symbol) or "coin"
        yield f"{base}-{first.source}"
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
