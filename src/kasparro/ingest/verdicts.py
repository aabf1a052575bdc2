"""Verdicts: what a person says of two listings, checked against what is known, remembered, and acted on at once."""

import msgspec

from kasparro.ingest.identity import settle_identity
from kasparro.market.identity.curated import known_pairs
from kasparro.market.identity.link import Pair
from kasparro.market.identity.overrides import OneSourceTwice, RowsOnly, check_override, key_of
from kasparro.market.identity.subject import CSV
from kasparro.store.identity.links import Resolved
from kasparro.store.identity.naming import Named, name_listing
from kasparro.store.identity.session import identity_session
from kasparro.store.identity.subjects import Session, find_sharing_address, read_subjects
from kasparro.store.identity.verdicts import add_verdict, list_verdicts, read_verdicts, withdraw_verdict


class Decided(msgspec.Struct, frozen=True):
    """A decision about two listings, and what followed from it."""

    one: Named
    other: Named
    resolved: Resolved


def decide(url: str, one: str, other: str, *, same: bool, note: str = "") -> Decided:
    """Remember that the listings which `one` and `other` name are the `same` coin, or that they aren't.

    Raises NoSuchListing, UnclearListing, and an OverrideRefused that shows the evidence when it can't be true; then
    nothing was changed.
    """
    # What a run left undecided, killed before its end, is evidence too.
    settle_identity(url)
    with identity_session(url) as session:
        a, b = name_listing(session, one), name_listing(session, other)
        if same:
            _check(session, a, b)
        elif a.listing_id == b.listing_id:
            raise OneSourceTwice(f"{a.written} can't be told apart from itself", remedy="Name two listings")
        elif a.source == b.source == CSV:
            raise RowsOnly(
                f"{a.written} and {b.written} are rows of files, each with a place of its own",
                remedy="Split one from the provider's listing whose asset it belongs to",
            )
        add_verdict(session, a.listing_id, b.listing_id, same=same, note=note)
    return Decided(a, b, settle_identity(url))


def take_back(url: str, verdict_id: int) -> Resolved | None:
    """Take a decision back and decide anew what it was about; None when no such decision stands."""
    with identity_session(url) as session:
        listings = withdraw_verdict(session, verdict_id)
    return settle_identity(url) if listings else None


def _check(session: Session, a: Named, b: Named) -> None:
    listings = find_sharing_address(session, (a.listing_id, b.listing_id))
    said = [
        Pair(
            key_of(kept.source, kept.dataset, kept.coin_id),
            key_of(kept.other_source, kept.other_dataset, kept.other_coin_id),
        )
        for kept in list_verdicts(session)
        if kept.same and kept.withdrawn_at is None
    ]
    pair = Pair(key_of(a.source, a.dataset, a.coin_id), key_of(b.source, b.dataset, b.coin_id))
    check_override(pair, read_subjects(session, listings), [*known_pairs(), *said], read_verdicts(session))
