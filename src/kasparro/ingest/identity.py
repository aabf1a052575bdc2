"""Identity: after a run, what became known of listings decides which assets they belong to."""

import gc
import time
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import contextmanager

import msgspec
import structlog

from kasparro.market.identity.curated import known_pairs
from kasparro.market.identity.link import Link, Pair, Resolution, Verdict
from kasparro.market.identity.neighbours import neighbourhood
from kasparro.market.identity.profile import Profile, profile
from kasparro.market.identity.resolve import resolve
from kasparro.store.identity.links import Resolved, commit, read_held, read_slugs
from kasparro.store.identity.session import identity_session
from kasparro.store.identity.subjects import (
    Session,
    find_asset_mates,
    find_by_keys,
    find_by_names,
    read_changed,
    read_subjects,
)
from kasparro.store.identity.verdicts import read_verdicts

log = structlog.stdlib.get_logger(__name__)

RANKING = ("coinpaprika", "coingecko")
"""The sources whose quotes say which coins are the foremost."""

_FEW = 2_000
"""Up to so many changed listings are decided among their neighbours; for more, all listings are read at once."""


def settle_identity(url: str, *, run_id: int | None = None, anew: bool = False) -> Resolved:
    """Decide what changed since the last time in the ledger at `url`, and commit it. To be called in a thread.

    With `anew` everything is decided, though what holds stays where it is unless something stronger speaks. One process
    at a time resolves; another one waits.

    Raises the typed errors of `store.errors`.
    """
    with identity_session(url) as session, _no_garbage():
        done = _settle(session, run_id, anew=anew)
    if done.decided:
        log.info("identity_settled", decided=done.decided, changed=done.changed, seconds=round(done.seconds, 3))
    return done


def _settle(session: Session, run_id: int | None, *, anew: bool) -> Resolved:
    began = time.perf_counter()
    facts = read_changed(session)
    if not facts and not anew:
        return Resolved(seconds=time.perf_counter() - began)
    curated, verdicts, taken = known_pairs(), read_verdicts(session), read_slugs(session)
    if anew or not taken or len(facts) > _FEW:
        profiles = list(map(profile, read_subjects(session)))
        held = read_held(session) if taken else {}
        resolution = resolve(profiles, held, curated, verdicts, taken=taken, ranking=RANKING)
    else:
        profiles, held, resolution = _among_neighbours(session, facts.keys(), curated, verdicts, taken)
    seconds = time.perf_counter() - began
    return commit(session, resolution, held, profiles, facts, run_id=run_id, seconds=seconds)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Nothing here refers in circles, and looking through a hundred thousand objects for such is half of the work. All
    that the block makes is to be gone at its end, else it is looked through after all."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _among_neighbours(
    session: Session, changed: Collection[int], curated: Collection[Pair], verdicts: Collection[Verdict],
    taken: Container[str],
) -> tuple[list[Profile], dict[int, Link], Resolution]:  # fmt: skip
    bound = _Bound(session, curated, verdicts)
    known: dict[int, Profile] = {}

    def read(listings: Collection[int]) -> list[Profile]:
        if new := set(listings) - known.keys():
            known.update((s.listing_id, profile(s)) for s in read_subjects(session, new))
        return [known[listing] for listing in listings]

    def find(keys: frozenset[str]) -> Iterable[Profile]:
        return read(bound.along(find_by_keys(session, keys)))

    start = read(bound.along(changed))
    # Who left a name behind may have left it to somebody: the neighbours of before count as well.
    before = [
        profile(msgspec.structs.replace(one.subject, symbol=one.subject.former[-1][0], name=one.subject.former[-1][1]))
        for one in start if one.subject.former
    ]  # fmt: skip
    around = neighbourhood(start, before, find)
    held = read_held(session, [one.subject.listing_id for one in around.profiles])
    resolution = resolve(
        around.profiles, held, curated, verdicts, decide=around.decide, taken=taken, ranking=RANKING
    )  # fmt: skip
    return around.profiles, held, resolution


class _Bound:
    """What belongs to listings beside their keys: who shares their asset, and whom the known pairs or a person's
    verdicts name with them."""

    def __init__(self, session: Session, curated: Collection[Pair], verdicts: Collection[Verdict]) -> None:
        self._session = session
        ids = find_by_names(session, {key for pair in curated for key in (pair.one, pair.other)})
        pairs = [(verdict.a, verdict.b) for verdict in verdicts]
        pairs += [(ids[p.one], ids[p.other]) for p in curated if p.one in ids and p.other in ids]
        self._beside: dict[int, set[int]] = defaultdict(set)
        for a, b in pairs:
            self._beside[a].add(b)
            self._beside[b].add(a)

    def along(self, listings: Collection[int]) -> set[int]:
        """These listings and all that belong to them."""
        named = {other for listing in listings for other in self._beside.get(listing, ())}
        return find_asset_mates(self._session, {*listings, *named})
