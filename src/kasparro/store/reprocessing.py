"""Reprocessing: what today's parsers read from the kept payloads against what the ledger says.

`restaged` holds every record of every payload with the load that brought it. The final record per listing and
moment is compared with the newest version in the ledger; only differences are written, as new versions and
retractions, each under a load of its own that points to the payload it came from.
"""

from collections.abc import Mapping, Sequence

import msgspec
import psycopg

from kasparro.market.coin import Coin
from kasparro.store.connection import Connection
from kasparro.store.payloads import Load
from kasparro.store.posting import NUMBERS, open_load, post_coins, row_of
from kasparro.store.replaying import JOURNAL
from kasparro.store.staging import index_restaged, stage_coins

_COLUMNS = ", ".join(NUMBERS)

_NEW_LISTINGS = """
INSERT INTO listings (source, dataset, source_coin_id, period, symbol, name)
SELECT DISTINCT ON (r.dataset, r.source_coin_id) %(source)s, r.dataset, r.source_coin_id, r.period, r.symbol, r.name
  FROM restaged r
 WHERE NOT EXISTS (SELECT FROM listings l WHERE l.source = %(source)s AND l.dataset = r.dataset
                      AND l.source_coin_id = r.source_coin_id)
 ORDER BY r.dataset, r.source_coin_id, r.load_id DESC, r.ordinal DESC"""

_DIFFERENCES = f"""
CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
WITH final AS (
    SELECT DISTINCT ON (l.listing_id, r.observed_at) l.listing_id, r.*
      FROM restaged r
      JOIN listings l ON l.source = %(source)s AND l.dataset = r.dataset AND l.source_coin_id = r.source_coin_id
     ORDER BY l.listing_id, r.observed_at, r.load_id DESC, r.ordinal DESC),
current AS (
    SELECT DISTINCT ON (q.listing_id, q.observed_at) q.*
      FROM quotes q JOIN listings l USING (listing_id)
     WHERE l.source = %(source)s
     ORDER BY q.listing_id, q.observed_at, q.version DESC)
SELECT coalesce(f.load_id, c.quote_id >> 20) AS origin, coalesce(f.ordinal, (c.quote_id & 524287)::int) AS ordinal,
       listing_id, observed_at, coalesce(c.version, 0) + 1 AS version, f.listing_id IS NULL AS retracted,
       f.symbol, f.name, {", ".join(f"f.{name}" for name in NUMBERS)}
  FROM final f FULL JOIN current c USING (listing_id, observed_at)
 WHERE (f.listing_id IS NULL AND NOT c.retracted)
    OR (f.listing_id IS NOT NULL
        AND (c.listing_id IS NULL OR c.retracted OR {row_of("f")} IS DISTINCT FROM {row_of("c")}))"""

_ORIGINS = """
SELECT origin, count(*) FILTER (WHERE NOT retracted), count(*) FILTER (WHERE retracted)
  FROM difference GROUP BY origin ORDER BY origin"""

_WRITE = f"""
INSERT INTO quotes (quote_id, observed_at, listing_id, version, retracted, {_COLUMNS})
SELECT (%(load)s::bigint << 20) | (CASE WHEN retracted THEN 524288 ELSE 0 END) | ordinal,
       observed_at, listing_id, version, retracted, {_COLUMNS}
  FROM difference WHERE origin = %(origin)s"""

_DELETE_LATEST = "DELETE FROM latest_quotes WHERE listing_id IN (SELECT listing_id FROM difference)"

_INSERT_LATEST = f"""
INSERT INTO latest_quotes (listing_id, quote_id, observed_at, version, retracted, known_at, source, dataset,
                           source_coin_id, symbol, name, {_COLUMNS})
WITH touched AS (SELECT DISTINCT listing_id FROM difference),
best AS (
    SELECT b.* FROM touched t CROSS JOIN LATERAL (
        SELECT * FROM (SELECT DISTINCT ON (observed_at) * FROM quotes q WHERE q.listing_id = t.listing_id
                        ORDER BY observed_at DESC, version DESC) v
         WHERE NOT retracted LIMIT 1) b)
SELECT b.listing_id, b.quote_id, b.observed_at, b.version, b.retracted, o.known_at, l.source, l.dataset,
       l.source_coin_id, coalesce(r.symbol, l.symbol, l.source_coin_id) AS symbol,
       coalesce(r.name, l.name, l.source_coin_id) AS name, {", ".join(f"b.{name}" for name in NUMBERS)}
  FROM best b JOIN listings l USING (listing_id) JOIN loads o ON o.load_id = b.quote_id >> 20
  LEFT JOIN LATERAL (
      SELECT symbol, name FROM restaged s
       WHERE s.dataset = l.dataset AND s.source_coin_id = l.source_coin_id AND s.observed_at = b.observed_at
       ORDER BY s.load_id DESC, s.ordinal DESC LIMIT 1) r ON true"""


class Differences(msgspec.Struct, frozen=True):
    """What reprocessing wrote."""

    versions: int = 0
    retractions: int = 0


async def post_differences(
    connection: Connection, *, source: str, step_id: int, parser: str, read: Mapping[int, tuple[int, int]]
) -> tuple[Differences, dict[int, int]]:
    """Compare `restaged` with the ledger and write the differences, in the caller's transaction.

    `read` maps each restaged load to the records and rejections that today's parser found in its payload.
    Returns what was written, and for each origin load the new load that stands for it.
    """
    values: dict[str, object] = {"source": source}
    await index_restaged(connection)
    await connection.execute(_NEW_LISTINGS.encode(), values)
    await connection.execute(_DIFFERENCES.encode(), values)
    cursor = await connection.execute(_ORIGINS.encode())
    written: dict[int, int] = {}
    versions = retractions = 0
    for origin, new, retracted in await cursor.fetchall():
        load, known_at = await open_load(connection)
        records, rejected = read.get(origin, (0, 0))
        values = {
            "load": load, "known_at": known_at, "step_id": step_id, "kind": "reprocess", "parser": parser,
            "origin": origin,
            "seen": records, "new": new, "unchanged": records - new - rejected, "rejected": rejected,
            "retracted": retracted,
        }  # fmt: skip
        await connection.execute(JOURNAL, values)
        await connection.execute(_WRITE.encode(), values)
        written[origin] = load
        versions += new
        retractions += retracted
    if written:
        await connection.execute(_DELETE_LATEST)
        await connection.execute(_INSERT_LATEST.encode())
    return Differences(versions, retractions), written


async def replayed_ordinals(connection: Connection, load: int) -> set[int]:
    """The positions of the records that the replay `load` brought into the ledger."""
    cursor = await connection.execute(
        "SELECT (quote_id & 524287)::int FROM quotes WHERE quote_id BETWEEN %s AND %s",
        (load << 20, (load + 1 << 20) - 1),
    )
    return {row[0] for row in await cursor.fetchall()}


async def post_coin_differences(
    connection: Connection, origin: Load, coins: Sequence[Coin], *, step_id: int, parser: str
) -> int:
    """Post `coins`, read again from the payload of `origin`; a load is written only when they say something new."""
    async with connection.transaction() as attempt:
        await connection.execute("DELETE FROM coin_page")
        await stage_coins(connection, coins)
        load, known_at = await open_load(connection)
        new = await post_coins(connection, load, source=origin.source)
        if not new:
            raise psycopg.Rollback(attempt)
        values = {
            "load": load, "known_at": known_at, "step_id": step_id, "kind": "reprocess", "parser": parser,
            "seen": len(coins), "new": new, "unchanged": len(coins) - new, "rejected": 0, "retracted": 0,
            "origin": origin.load_id,
        }  # fmt: skip
        await connection.execute(JOURNAL, values)
    return new
