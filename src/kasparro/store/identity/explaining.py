"""Explaining: every decision about a listing, with its evidence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row

from kasparro.store.identity.naming import Named, NoSuchListing, UnclearListing, listings_of_asset, name_listing
from kasparro.store.identity.subjects import Session
from kasparro.store.identity.verdicts import Kept, Waiting, list_verdicts, waiting_about

_LINKS = """
SELECT a.slug AS asset, k.method, k.confidence::float8, k.evidence, r.known_at AS since
  FROM links k JOIN assets a USING (asset_id) JOIN resolutions r ON r.version = k.version
 WHERE k.listing_id = %s ORDER BY k.version DESC"""

_MATES = """
SELECT concat_ws(':', m.source, nullif(m.dataset, ''), m.source_coin_id)
  FROM listings l JOIN listings m USING (asset_id)
 WHERE l.listing_id = %s AND m.listing_id <> l.listing_id ORDER BY 1"""


class KeptLink(msgspec.Struct, frozen=True):
    """A decision: the asset, how it is known, and since when (UTC)."""

    asset: str
    method: str
    confidence: float
    evidence: dict[str, Any]
    since: datetime


class Explanation(msgspec.Struct, frozen=True):
    """All decisions about a listing, newest first; the other listings of its asset; why it belongs to no provider's
    coin, where that is so; what waits for a person, and what people decided."""

    listing: Named
    links: Sequence[KeptLink]
    mates: Sequence[str]
    unlinked: str | None
    suggestions: Sequence[Waiting]
    verdicts: Sequence[Kept]


def explain(session: Session, text: str) -> list[Explanation]:
    """Everything that identity has to say of the listing that `text` names; where it names no single one but an asset,
    of all listings of that.

    Raises NoSuchListing and UnclearListing.
    """
    try:
        meant = [name_listing(session, text)]
    except (NoSuchListing, UnclearListing):
        meant = listings_of_asset(session, text)
        if not meant:
            raise
    return [_explain(session, listing) for listing in meant]


def _explain(session: Session, listing: Named) -> Explanation:
    known = listing.listing_id
    with session.cursor(row_factory=class_row(KeptLink)) as cursor:
        links = cursor.execute(_LINKS, (known,)).fetchall()
    row = session.execute("SELECT unlinked FROM listings WHERE listing_id = %s", (known,)).fetchone()
    return Explanation(
        listing=listing,
        links=links,
        mates=[mate for (mate,) in session.execute(_MATES, (known,))],
        unlinked=row[0] if row else None,
        suggestions=waiting_about(session, known),
        verdicts=[kept for kept in list_verdicts(session) if known in (kept.listing_id, kept.other_id)],
    )
