"""Series: a listing's prices over time, for pictures; the exact history is in `store.history`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from psycopg.rows import class_row

from kasparro.store.connection import Connection

MOST = 20_000
"""Quotes that one series is made of at most: what lies before is left out, and said to be."""
_LATELY = 50


class ListingName(msgspec.Struct, frozen=True):
    """What a listing is known by at its source; `dataset` is empty but for files."""

    source: str
    dataset: str
    crypto_id: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The quotes of one stretch of time: the first, highest, lowest and last price (USD), the last volume, how many
    there are, and the last one's number and moment (UTC)."""

    starts_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    quotes: int
    quote_id: int
    observed_at: datetime


class Rhythm(msgspec.Struct, frozen=True):
    """When a listing was quoted first and last (UTC), and how far its latest quotes are apart, most of them."""

    first: datetime
    last: datetime
    pace: timedelta


_FIND = "SELECT listing_id FROM listings WHERE (source, dataset, source_coin_id) = (%s, %s, %s)"
_RHYTHM = f"""
SELECT (SELECT min(observed_at) FROM quotes WHERE listing_id = %(listing)s) AS first, max(observed_at) AS last,
       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY observed_at - before), '0') AS pace
  FROM (SELECT observed_at, lag(observed_at) OVER (ORDER BY observed_at) AS before
          FROM (SELECT DISTINCT observed_at FROM quotes WHERE listing_id = %(listing)s
                 ORDER BY observed_at DESC LIMIT {_LATELY}) q) p
HAVING max(observed_at) IS NOT NULL"""
_BARS = f"""
SELECT date_bin(%(step)s, observed_at, '2000-01-03') AS starts_at,
       ((array_agg(price_usd ORDER BY observed_at))[1])::float8 AS open,
       max(price_usd)::float8 AS high, min(price_usd)::float8 AS low,
       ((array_agg(price_usd ORDER BY observed_at DESC))[1])::float8 AS close,
       ((array_agg(volume_24h_usd ORDER BY observed_at DESC))[1])::float8 AS volume, count(*) AS quotes,
       (array_agg(quote_id ORDER BY observed_at DESC))[1] AS quote_id, max(observed_at) AS observed_at
  FROM (SELECT DISTINCT ON (observed_at) observed_at, quote_id, retracted, price_usd, volume_24h_usd
          FROM quotes WHERE listing_id = %(listing)s AND observed_at >= %(start)s AND observed_at <= %(end)s
         ORDER BY observed_at DESC, version DESC LIMIT {MOST}) q
 WHERE NOT retracted AND price_usd > 0 AND price_usd BETWEEN 1e-300 AND 1e300
 GROUP BY 1 ORDER BY 1"""
_TRENDS = """
SELECT w.nth, ARRAY(
       SELECT price_usd::float8 FROM (
              SELECT DISTINCT ON (observed_at) observed_at, retracted, price_usd FROM quotes q
               WHERE q.listing_id = l.listing_id ORDER BY observed_at DESC, version DESC LIMIT %(most)s) p
        WHERE NOT retracted AND price_usd BETWEEN 1e-300 AND 1e300 ORDER BY observed_at) AS prices
  FROM unnest(%(sources)s::text[], %(datasets)s::text[], %(ids)s::text[]) WITH ORDINALITY
       AS w (source, dataset, crypto_id, nth)
  JOIN listings l ON (l.source, l.dataset, l.source_coin_id) = (w.source, w.dataset, w.crypto_id)"""


async def find_listing(connection: Connection, name: ListingName) -> int | None:
    """The number of the listing called so, or None."""
    row = await (await connection.execute(_FIND, (name.source, name.dataset, name.crypto_id))).fetchone()
    return int(row[0]) if row else None


async def read_rhythm(connection: Connection, listing_id: int) -> Rhythm | None:
    """How a listing is quoted; None when it never was."""
    async with connection.cursor(row_factory=class_row(Rhythm)) as cursor:
        await cursor.execute(_RHYTHM.encode(), {"listing": listing_id})
        return await cursor.fetchone()


async def read_bars(
    connection: Connection, listing_id: int, *, start: datetime, end: datetime, step: timedelta
) -> list[Bar]:
    """The listing's newest MOST quotes from `start` to `end` (UTC), the last version of each, in bars of `step`."""
    async with connection.cursor(row_factory=class_row(Bar)) as cursor:
        asked = {"listing": listing_id, "start": start, "end": end, "step": step}
        await cursor.execute(_BARS.encode(), asked)
        return await cursor.fetchall()


async def read_trends(connection: Connection, names: Sequence[ListingName], *, most: int) -> list[list[float]]:
    """The last `most` prices of each listing, oldest first; none where there is no such listing."""
    cursor = await connection.execute(
        _TRENDS,
        {"sources": [n.source for n in names], "datasets": [n.dataset for n in names],
         "ids": [n.crypto_id for n in names], "most": most},
    )  # fmt: skip
    found: dict[int, list[float]] = {row[0]: row[1] for row in await cursor.fetchall()}
    return [found.get(nth, []) for nth in range(1, len(names) + 1)]
