"""Overrides: what a user may say of two listings, and what is refused because it can't be true."""

from collections.abc import Collection, Iterable, Mapping

from kasparro.errors import ExitCode, Fatal
from kasparro.market.identity.finding import contradicting
from kasparro.market.identity.link import Pair, Verdict
from kasparro.market.identity.profile import Profile, profile
from kasparro.market.identity.subject import CSV, Subject

Key = tuple[str, str]
"""A listing as people write it: source and coin id, of a file's row behind the file's name."""


class OverrideRefused(Fatal):
    """The override can't be true; nothing was changed."""

    exit_code = ExitCode.INPUT


class UnknownListing(OverrideRefused):
    """No source has listed a coin with this id."""


class ContradictsAddress(OverrideRefused):
    """The listings' contract addresses show that they are two assets."""


class OneSourceTwice(OverrideRefused):
    """The override would put two listings of one source into one asset."""


class Circle(OverrideRefused):
    """The override says of listings what others already say, or joins a listing to itself."""


class ToldApart(OverrideRefused):
    """A person decided that these listings are different coins."""


class RowsOnly(OverrideRefused):
    """The override joins two rows of files, of which neither leads to an asset."""


class RowPlaced(OverrideRefused):
    """A person has said already which coin the row of a file is."""


def key_of(source: str, dataset: str, coin_id: str) -> Key:
    """The key of a listing."""
    return source, ":".join(filter(None, (dataset, coin_id)))


def check_override(
    pair: Pair, subjects: Iterable[Subject], curated: Collection[Pair] = (), verdicts: Collection[Verdict] = ()
) -> None:
    """Refuse `pair` when it can't be true beside the other `curated` pairs; `subjects` hold at least the listings named
    and all that share an address with one of them.

    Raises an OverrideRefused that shows the evidence.
    """
    profiles: dict[Key, Profile] = {key_of(s.source, s.dataset, s.coin_id): profile(s) for s in subjects}
    for key in (pair.one, pair.other):
        if key not in profiles:
            raise UnknownListing(f"{_text(key)} is not a known listing", remedy=_near(key, profiles))
    one, other = profiles[pair.one], profiles[pair.other]
    _refuse_circle(pair, curated)
    _refuse_source_twice(pair, curated, profiles)
    _refuse_row(pair, curated)
    if any({v.a, v.b} == {one.subject.listing_id, other.subject.listing_id} and not v.same for v in verdicts):
        raise ToldApart(
            f"{_text(pair.one)} and {_text(pair.other)} were told apart by a person",
            remedy="Take that decision back first",
        )
    if chains := contradicting(one, other):
        raise ContradictsAddress(
            f"{_text(pair.one)} and {_text(pair.other)} have different addresses on {', '.join(chains)}: "
            f"{_addresses(one, chains)} and {_addresses(other, chains)}",
            remedy="Check both ids; if a source's address is wrong, have it corrected there",
        )
    for mine, theirs in ((one, other), (other, one)):
        _refuse_proven_elsewhere(mine, theirs, profiles.values())


def _refuse_circle(pair: Pair, curated: Collection[Pair]) -> None:
    if pair.one == pair.other:
        raise Circle(f"{_text(pair.one)} is joined to itself", remedy="Name two listings")
    joined = _component(pair.one, curated)
    if pair.other in joined:
        raise Circle(
            f"{_text(pair.one)} and {_text(pair.other)} are already joined: {', '.join(sorted(map(_text, joined)))}",
            remedy="Leave this pair out",
        )


def _refuse_source_twice(pair: Pair, curated: Collection[Pair], profiles: Mapping[Key, Profile]) -> None:
    joined = _component(pair.one, curated) | _component(pair.other, curated)
    sources: dict[str, Key] = {}
    for key in sorted(joined):
        if key[0] == CSV:
            continue
        if (before := sources.get(key[0])) is not None:
            shown = ", ".join(profiles[k].subject.label if k in profiles else _text(k) for k in (before, key))
            raise OneSourceTwice(
                f"this would join two listings of {key[0]}, which are two coins: {shown}",
                remedy="Remove the pair that is wrong",
            )
        sources[key[0]] = key


def _refuse_row(pair: Pair, curated: Iterable[Pair]) -> None:
    """A row belongs to one asset, and brings no others together."""
    rows = {key for key in (pair.one, pair.other) if key[0] == CSV}
    if len(rows) == 2:
        raise RowsOnly(
            f"{_text(pair.one)} and {_text(pair.other)} are rows of files: neither says which asset is meant",
            remedy="Join each to a provider's listing",
        )
    for said in curated:
        if placed := rows & {said.one, said.other}:
            raise RowPlaced(
                f"{_text(placed.pop())} was said to be the coin of another listing before: {_text(said.one)} and "
                f"{_text(said.other)}",
                remedy="Take that decision back first: `kasparro identity verdicts` has its number",
            )


def _refuse_proven_elsewhere(mine: Profile, theirs: Profile, profiles: Iterable[Profile]) -> None:
    """An address that `mine` shares with another listing of the other's source proves that this one is meant."""
    if mine.addresses & theirs.addresses:
        return
    for known in profiles:
        if known.subject.source != theirs.subject.source or known.bridged != mine.bridged:
            continue
        if known is not theirs and (shared := mine.addresses & known.addresses):
            raise ContradictsAddress(
                f"{mine.subject.label} has the address {min(shared)} of {known.subject.label}, not of "
                f"{theirs.subject.label}",
                remedy=f"Join it to {_text((known.subject.source, known.subject.coin_id))}, or not at all",
            )


def _component(start: Key, curated: Iterable[Pair]) -> set[Key]:
    """All listings that `curated` joins to `start`, itself included."""
    beside: dict[Key, set[Key]] = {}
    for pair in curated:
        beside.setdefault(pair.one, set()).add(pair.other)
        beside.setdefault(pair.other, set()).add(pair.one)
    found, fresh = {start}, [start]
    while fresh:
        new = beside.get(fresh.pop(), set()) - found
        found |= new
        fresh += new
    return found


def _near(key: Key, profiles: Mapping[Key, Profile]) -> str:
    source, coin_id = key
    alike = sorted(i for s, i in profiles if s == source and (coin_id in i or i in coin_id))[:3]
    return f"Did you mean {' or '.join(alike)}?" if alike else f"Look the id up in the coin list of {source}"


def _addresses(known: Profile, chains: Collection[str]) -> str:
    return ", ".join(sorted(a.text for a in known.addresses if a.chain in chains))


def _text(key: Key) -> str:
    return f"{key[0]} {key[1]}"
