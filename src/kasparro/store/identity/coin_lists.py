"""Coin lists: what a source's list said at a moment, put together from what was kept of its changes."""

from datetime import datetime

from kasparro.market.identity.changes import Listed
from kasparro.store.identity.subjects import Session

_LIST = """
SELECT DISTINCT ON (v.listing_id) l.source_coin_id, coalesce(v.symbol, ''), coalesce(v.name, ''), v.is_active,
       (SELECT array_agg(ARRAY[chain, address] ORDER BY chain, address) FROM listing_addresses a
         WHERE a.listing_id = v.listing_id AND a.load_id <= u.load_id)
  FROM (SELECT coalesce(max(load_id), 0) AS load_id FROM loads
         WHERE known_at <= coalesce(%(at)s::timestamptz, 'infinity')) u
  JOIN listing_versions v ON v.load_id <= u.load_id
  JOIN listings l USING (listing_id)
 WHERE l.source = %(source)s
 ORDER BY v.listing_id, v.load_id DESC"""


_FIRST = """
SELECT known_at FROM loads WHERE load_id = (
    SELECT min(v.load_id) FROM listing_versions v JOIN listings l USING (listing_id) WHERE l.source = %s)"""


def first_listed_at(session: Session, source: str) -> datetime | None:
    """When the first list of `source` became known; None when there is none."""
    row = session.execute(_FIRST, (source,)).fetchone()
    return row[0] if row else None


def read_list(session: Session, source: str, at: datetime | None) -> dict[str, Listed]:
    """The list of `source` by coin id, as it was known `at` a moment (now, when None). A coin that the list held no
    longer is in it as inactive."""
    rows = session.execute(_LIST, {"source": source, "at": at})
    return {
        coin_id: Listed(symbol, name, active, tuple((chain, address) for chain, address in addresses or ()))
        for coin_id, symbol, name, active, addresses in rows
    }
