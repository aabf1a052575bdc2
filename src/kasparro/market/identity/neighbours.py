"""Which listings a decision depends on, so that a change is decided anew among its neighbours only.

A *close* key joins what may become one asset: listings with one in common are decided together, and so are those
which share one with these, and so on. A *wide* key (a ticker, a bare name) is only looked along for one step: what
a changed listing meets there is decided with it, what the others meet there is only counted.
"""

from collections.abc import Callable, Iterable

import msgspec

from kasparro.market.identity.profile import Profile
from kasparro.market.identity.subject import CSV

WIDE = ("symbol:", "called:", "stem:")
"""How wide keys begin."""


Find = Callable[[frozenset[str]], Iterable[Profile]]
"""Gives the listings that have at least one of some keys."""


class Neighbourhood(msgspec.Struct, frozen=True):
    """What to hand to `resolve`: all of `profiles`, of which those with an id in `decide` are to be decided."""

    profiles: list[Profile]
    decide: frozenset[int]


def keys(known: Profile) -> frozenset[str]:
    """All keys of a listing, wide ones included: what a store keeps beside it."""
    return frozenset(close_keys(known)).union(wide_keys(known))


def neighbourhood(changed: Iterable[Profile], before: Iterable[Profile], find: Find) -> Neighbourhood:
    """The neighbourhood of the `changed` listings, which were what `before` says (nothing, for new ones).

    `find` gives, as they are today, all listings that have at least one of some keys, and with each of these the
    others of its present asset and those that a curated pair or a verdict names together with it.
    """
    start = _by_id(changed)
    past = list(before)
    close = frozenset(key for known in past for key in close_keys(known))
    near = _by_id(find(close | _wide([*past, *start.values()])))
    closed = _close(near | start, find)
    rows = _by_id(known for known in find(_wide(closed.values())) if known.subject.source == CSV)
    closed = _close(rows | closed, find)
    profiles = _by_id(find(_wide(closed.values()))) | closed
    return Neighbourhood([profiles[i] for i in sorted(profiles)], frozenset(closed))


def close_keys(known: Profile) -> list[str]:
    """The keys of which two listings have one in common when anything speaks for their being one coin."""
    forms = {known.name.plain, known.name.core, known.id_stem, *known.id_names}
    for _, name in known.past:
        forms |= {name.plain, name.core}
    symbols = [f"|{symbol}" for symbol in known.symbols if symbol]
    found = [f"name:{form}{symbol}" for form in forms if form for symbol in symbols]
    found += [f"id:{known.name.plain}|{id_name}" for id_name in known.id_names]
    found += [f"address:{address.text}" for address in known.addresses]
    found.append(f"is:{known.subject.coin_id.casefold()}")
    return found


def wide_keys(known: Profile) -> frozenset[str]:
    """The ticker, and the bare name without its version."""
    stem, _, number = known.subject.coin_id.rpartition("-")
    found = {f"symbol:{known.symbol}"} if known.symbol else set()
    if known.name.plain:
        found.add(f"called:{known.name.plain}")
    found.add(f"stem:{stem if stem and number.isdigit() else known.subject.coin_id}")
    return frozenset(found)


def _by_id(profiles: Iterable[Profile]) -> dict[int, Profile]:
    return {known.subject.listing_id: known for known in profiles}


def _wide(profiles: Iterable[Profile]) -> frozenset[str]:
    return frozenset(key for known in profiles for key in wide_keys(known))


def _close(start: dict[int, Profile], find: Find) -> dict[int, Profile]:
    """`start`, and whatever close keys lead to from there."""
    closed, asked, fresh = dict(start), set[str](), list(start.values())
    while fresh:
        wanted = {key for known in fresh for key in close_keys(known)} - asked
        asked |= wanted
        found = find(frozenset(wanted)) if wanted else ()
        fresh = [known for known in found if known.subject.listing_id not in closed]
        closed |= _by_id(fresh)
    return closed
