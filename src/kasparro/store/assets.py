"""Assets as the API shows them: which listings are there and what is known of each, at any version of the ledger."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from kasparro.market.catalogue import Catalogue, Listing
from kasparro.store.connection import Connection

_LISTINGS = """
SELECT l.listing_id, l.source, l.dataset, l.source_coin_id AS crypto_id, s.slug AS asset, n.symbol, n.name, n.active
  FROM listings l
 CROSS JOIN LATERAL (
       SELECT k.asset_id FROM links k WHERE k.listing_id = l.listing_id AND k.version <= %(version)s::bigint
        ORDER BY k.version DESC LIMIT 1) k
  JOIN assets s ON s.asset_id = k.asset_id
  LEFT JOIN LATERAL (
       SELECT (array_agg(v.symbol ORDER BY v.load_id DESC) FILTER (WHERE v.symbol IS NOT NULL))[1] AS symbol,
              (array_agg(v.name ORDER BY v.load_id DESC) FILTER (WHERE v.name IS NOT NULL))[1] AS name,
              (array_agg(v.is_active ORDER BY v.load_id DESC) FILTER (WHERE v.is_active IS NOT NULL))[1] AS active
         FROM listing_versions v WHERE v.listing_id = l.listing_id AND v.load_id <= %(version)s::bigint) n ON true"""

_CHANGED = f"""{_LISTINGS}
 WHERE l.listing_id IN (
       SELECT listing_id FROM links WHERE version > %(since)s::bigint AND version <= %(version)s::bigint
        UNION
       SELECT listing_id FROM listing_versions WHERE load_id > %(since)s::bigint AND load_id <= %(version)s::bigint)"""

_DETAILS = """
SELECT l.listing_id, k.method, k.confidence::text AS confidence, r.known_at AS since,
       CASE WHEN NOT %(then)s THEN l.unlinked WHEN k.method = 'own' THEN k.evidence ->> 'note' END AS unlinked,
       coalesce(n.said, '{}') || coalesce(f.called, '{}') AS said, coalesce(a.addresses, '{}') AS addresses
  FROM listings l
 CROSS JOIN LATERAL (
       SELECT * FROM links k WHERE k.listing_id = l.listing_id AND k.version <= %(version)s::bigint
        ORDER BY k.version DESC LIMIT 1) k
  JOIN resolutions r ON r.version = k.version
  LEFT JOIN LATERAL (
       SELECT array_agg(ARRAY[v.symbol, v.name] ORDER BY v.load_id) AS said
         FROM listing_versions v WHERE v.listing_id = l.listing_id AND v.load_id <= %(version)s::bigint) n ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(ARRAY[f.symbol, f.name] ORDER BY f.until) AS called
         FROM former_names f WHERE f.listing_id = l.listing_id AND f.until <= %(version)s::bigint) f ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(ARRAY[a.chain, a.address] ORDER BY a.load_id, a.chain, a.address) AS addresses
         FROM listing_addresses a WHERE a.listing_id = l.listing_id AND a.load_id <= %(version)s::bigint) a ON true
 WHERE l.listing_id = ANY(%(listings)s)"""

# A listing that left is still shown with where it went.
_DECISIONS = """
SELECT k.version, l.source, l.dataset, l.source_coin_id AS crypto_id, a.slug AS asset, k.method,
       k.confidence::text AS confidence, k.evidence::text AS evidence, r.known_at AS since,
       lead(r.known_at) OVER (PARTITION BY k.listing_id ORDER BY k.version) AS until, r.run_id
  FROM links k JOIN listings l USING (listing_id) JOIN assets a ON a.asset_id = k.asset_id
  JOIN resolutions r ON r.version = k.version
 WHERE k.version <= %(version)s::bigint AND k.listing_id IN (
       SELECT e.listing_id FROM links e JOIN assets s USING (asset_id)
        WHERE s.slug = %(asset)s AND e.version <= %(version)s::bigint)
 ORDER BY k.version DESC, l.source, l.dataset, l.source_coin_id
 OFFSET %(offset)s LIMIT %(limit)s"""

_COUNT = """
SELECT count(*) FROM links k
 WHERE k.version <= %(version)s::bigint AND k.listing_id IN (
       SELECT e.listing_id FROM links e JOIN assets s USING (asset_id)
        WHERE s.slug = %(asset)s AND e.version <= %(version)s::bigint)"""

_WHERE_TO = """
SELECT DISTINCT n.slug
  FROM assets a JOIN links e USING (asset_id)
 CROSS JOIN LATERAL (
       SELECT k.asset_id FROM links k WHERE k.listing_id = e.listing_id AND k.version <= %(version)s::bigint
        ORDER BY k.version DESC LIMIT 1) k
  JOIN assets n ON n.asset_id = k.asset_id
 WHERE a.slug = %(asset)s AND e.version <= %(version)s::bigint ORDER BY 1 LIMIT 5"""


class Details(msgspec.Struct, frozen=True):
    """What is known of a listing beside its quotes: how its asset is known and since when (UTC), why it belongs to no
    provider's asset where that is so, and (in the order in which they came to be known) the symbols and names that it
    was given, and its addresses with their chains as the source calls them. `confidence` is a number's text."""

    listing_id: int
    method: str
    confidence: str
    since: datetime
    unlinked: str | None
    said: Sequence[tuple[str | None, str | None]]
    addresses: Sequence[tuple[str, str]]


class Decision(msgspec.Struct, frozen=True):
    """A decision about a listing: its asset from `since` until `until` (UTC; None: it still stands). `confidence` is a
    number's text and `evidence` a JSON object's; `run_id` is None where a person asked for it."""

    version: int
    source: str
    dataset: str
    crypto_id: str
    asset: str
    method: str
    confidence: str
    evidence: str
    since: datetime
    until: datetime | None
    run_id: int | None


async def read_catalogue(connection: Connection, version: int, former: Catalogue | None) -> Catalogue:
    """All listings that have an asset, as at `version`; only what changed since `former`, an earlier one, is read."""
    async with connection.cursor(row_factory=class_row(Listing)) as cursor:
        values = {"version": version, "since": former.version if former else 0}
        await cursor.execute((_CHANGED if former else _LISTINGS).encode(), values)
        return (former or Catalogue(0, {})).after(version, await cursor.fetchall())


async def read_details(
    connection: Connection, listings: Collection[int], version: int, *, then: bool
) -> dict[int, Details]:  # fmt: skip
    """What is known at `version` of the listings with these ids, by id.

    Without `then` it is the newest, and the reason why a listing is unlinked is today's, not that of the decision.
    """
    async with connection.cursor(row_factory=class_row(Details)) as cursor:
        await cursor.execute(_DETAILS.encode(), {"listings": list(listings), "version": version, "then": then})
        return {details.listing_id: details for details in await cursor.fetchall()}


async def read_decisions(
    connection: Connection, asset: str, version: int, *, limit: int, offset: int
) -> tuple[int, list[Decision]]:
    """All decisions up to `version` about the listings that belong to `asset`, or ever did: how many there are, and
    `limit` of them after the first `offset`, newest first."""
    asked = {"asset": asset, "version": version, "limit": limit, "offset": offset}
    row = await (await connection.execute(_COUNT.encode(), asked)).fetchone()
    assert row is not None
    async with connection.cursor(row_factory=class_row(Decision)) as cursor:
        await cursor.execute(_DECISIONS.encode(), asked)
        return int(row[0]), await cursor.fetchall()


async def successors_of(connection: Connection, asset: str, version: int) -> list[str]:
    """The assets to which listings belong at `version` that belonged to `asset` once."""
    cursor = await connection.execute(_WHERE_TO.encode(), {"asset": asset, "version": version})
    return [row[0] for row in await cursor.fetchall()]
