"""Subjects: listings with everything that identity may rest on, read by the thousand.

A resolution runs in a thread of its own, for it is all computation: so these functions are not asynchronous.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from kasparro.market.identity.subject import Subject

Session = psycopg.Connection[TupleRow]
"""A connection of the thread that resolves."""

# A float holds no more, and 0 means unknown; what is compared roughly only isn't read to its last digit.
_FLOAT = "CASE WHEN abs({0}) BETWEEN 1e-300 AND 1e300 THEN {0}::float8 END"

_FACTS = """
       coalesce(q.symbol, l.symbol, l.source_coin_id) AS symbol, coalesce(q.name, l.name, l.source_coin_id) AS name,
       v.is_active, v.said, a.addresses, q.rank, q.price_usd, q.market_cap_usd, q.observed_at
  FROM listings l
  LEFT JOIN latest_quotes q ON q.listing_id = l.listing_id AND NOT q.retracted
  LEFT JOIN LATERAL (
       SELECT (array_agg(is_active ORDER BY load_id DESC) FILTER (WHERE is_active IS NOT NULL))[1] AS is_active,
              array_agg(ARRAY[symbol, name] ORDER BY load_id) AS said
         FROM listing_versions v WHERE v.listing_id = l.listing_id HAVING count(*) > 0) v ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(ARRAY[chain, address] ORDER BY load_id, chain, address) AS addresses
         FROM listing_addresses a WHERE a.listing_id = l.listing_id HAVING count(*) > 0) a ON true"""

_READ = f"""
SELECT l.listing_id, l.source, l.source_coin_id, l.dataset, l.symbol, l.name, f.symbol, f.name, f.is_active, f.said,
       f.addresses, f.rank, {_FLOAT.format("f.price_usd")}, {_FLOAT.format("f.market_cap_usd")}, f.observed_at
  FROM (SELECT l.listing_id, {_FACTS} {{where}}) f JOIN listings l USING (listing_id)"""

# What a decision may change by. A price counts once it is known; how it moves is no reason to decide anew.
_CHANGED = """
WITH facts AS (
    SELECT l.listing_id,
           concat_ws('|', coalesce(q.symbol, l.symbol), coalesce(q.name, l.name), v.said, a.addresses,
                     q.price_usd > 0) AS facts
      FROM listings l
      LEFT JOIN latest_quotes q ON q.listing_id = l.listing_id AND NOT q.retracted
      LEFT JOIN (SELECT listing_id, count(*) || '-' || max(load_id) AS said
                   FROM listing_versions GROUP BY listing_id) v ON v.listing_id = l.listing_id
      LEFT JOIN (SELECT listing_id, count(*) || '-' || max(load_id) AS addresses
                   FROM listing_addresses GROUP BY listing_id) a ON a.listing_id = l.listing_id)
SELECT f.listing_id, f.facts
  FROM facts f LEFT JOIN considered c USING (listing_id) WHERE c.facts IS DISTINCT FROM f.facts"""


def read_changed(session: Session) -> dict[int, str]:
    """The listings of which something is known that no decision took into account, with a fingerprint of it."""
    return dict(session.execute(_CHANGED).fetchall())


def read_subjects(session: Session, listings: Collection[int] | None = None) -> list[Subject]:
    """The listings with these ids, or all."""
    if listings is None:
        return _subjects(session.execute(_READ.format(where="").encode()))
    statement = _READ.format(where="WHERE l.listing_id = ANY(%s)").encode()
    return _subjects(session.execute(statement, (list(listings),)))


def find_by_keys(session: Session, keys: Iterable[str]) -> set[int]:
    """The listings that have at least one of `keys`."""
    rows = session.execute("SELECT DISTINCT listing_id FROM listing_keys WHERE key = ANY(%s)", (list(keys),))
    return {row[0] for row in rows}


def find_by_names(session: Session, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The providers' listings with these (source, coin id)."""
    rows = session.execute(
        """SELECT l.source, l.source_coin_id, l.listing_id
             FROM listings l JOIN unnest(%s::text[], %s::text[]) AS w (source, coin)
               ON l.source = w.source AND l.dataset = '' AND l.source_coin_id = w.coin""",
        ([source for source, _ in names], [coin for _, coin in names]),
    )
    return {(source, coin): listing for source, coin, listing in rows}


def find_asset_mates(session: Session, listings: Collection[int]) -> set[int]:
    """These listings, and all that belong to their assets."""
    rows = session.execute(
        """SELECT DISTINCT m.listing_id FROM listings l JOIN listings m USING (asset_id)
            WHERE l.listing_id = ANY(%s)""",
        (list(listings),),
    )
    return {*listings, *(row[0] for row in rows)}


def find_sharing_address(session: Session, listings: Collection[int]) -> set[int]:
    """These listings, and all that share an address's text with one of them."""
    rows = session.execute(
        """SELECT DISTINCT k.listing_id FROM listing_keys m JOIN listing_keys k USING (key)
            WHERE m.listing_id = ANY(%s) AND m.key LIKE 'address:%%'""",
        (list(listings),),
    )
    return {*listings, *(row[0] for row in rows)}


def _subjects(rows: Iterable[Sequence[Any]]) -> list[Subject]:
    return [_subject(row) for row in rows]


def _subject(row: Sequence[Any]) -> Subject:
    listing, source, coin, dataset, first_symbol, first_name, symbol, name, active, said, addresses, *newest = row
    rank, price, market_cap, observed_at = newest
    earlier = [(first_symbol, first_name), *(said or ())]
    former = dict.fromkeys((s or "", n or "") for s, n in earlier if (s or n) and (s, n) != (symbol, name))
    return Subject(
        listing_id=listing, source=source, coin_id=coin, dataset=dataset, symbol=symbol, name=name,
        former=tuple(former), addresses=tuple((chain, address) for chain, address in addresses or ()), active=active,
        rank=rank, price_usd=price, market_cap_usd=market_cap, observed_at=observed_at,
    )  # fmt: skip
