"""The newest quotes: what a snapshot is made of, rendered by PostgreSQL, and how the ledger was at a past moment."""

from datetime import UTC, datetime

import msgspec
from psycopg.rows import class_row

from kasparro.market.row import Row
from kasparro.market.snapshot import Snapshot
from kasparro.store.connection import Connection

_TIME = 'to_char({}, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')'


def row_json(quote: str, about: str, load: str) -> str:
    """SQL for the JSON object of a quote, without its closing brace.

    `quote` is the alias of a row of `quotes` (or `latest_quotes`), `about` that of a row of `about_listings`, `load`
    that of its load.
    """
    members = [
        ("id", f"{quote}.quote_id"),
        ("crypto_id", f"to_json({about}.source_coin_id)"),
        ("crypto_name", f"to_json({about}.name)"),
        ("symbol", f"to_json({about}.symbol)"),
        ("asset", f"to_json({about}.asset)"),
        *(
            (name, f"{quote}.{name}")
            for name in ("price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "rank")
        ),
        *((name, f"{quote}.{name}") for name in ("circulating_supply", "total_supply", "max_supply")),
        ("data_source", f"to_json({about}.source)"),
        ("dataset", f"to_json(nullif({about}.dataset, ''))"),
        ("observed_at", f"to_json({_TIME.format(quote + '.observed_at')})"),
        ("created_at", f"to_json({_TIME.format(load + '.known_at')})"),
        ("version", f"{quote}.version"),
        ("simulated", f"CASE WHEN {load}.simulated THEN 'true' ELSE 'false' END"),
    ]
    # `%` is doubled for the driver.
    names = ",".join(f'"{name}":%%s' for name, _ in members)
    values = ", ".join(f"coalesce(({value})::text, 'null')" for _, value in members)
    return f"format('{{{names}', {values})"


_COLUMNS = """q.listing_id, q.quote_id, a.source, a.source_coin_id AS crypto_id, a.symbol,
       a.name AS crypto_name, a.dataset, a.asset, q.rank, q.price_usd, q.market_cap_usd,
       q.volume_24h_usd, q.change_24h_percent, q.observed_at, q.retracted"""

# A link changes by a resolution, which is no load: the quote stays, and belongs to another asset. Assets are probed
# one by one (LIMIT 1), since mostly few rows changed; else all listings would be read for them.
_CHANGED = f"""
SELECT {_COLUMNS}, {row_json("q", "a", "l")} AS body
  FROM latest_quotes q
 CROSS JOIN LATERAL (
       SELECT q.source, q.dataset, q.source_coin_id, q.symbol, q.name, s.slug AS asset
         FROM listings i LEFT JOIN assets s USING (asset_id) WHERE i.listing_id = q.listing_id LIMIT 1) a
  JOIN loads l ON l.load_id = q.quote_id >> 20
 WHERE q.quote_id >= (%(since)s::bigint + 1) << 20
    OR q.listing_id IN (SELECT k.listing_id FROM links k WHERE k.version > %(since)s::bigint)
 ORDER BY q.listing_id"""

_NOW = """(
       SELECT l.listing_id, l.source, l.dataset, l.source_coin_id,
              coalesce(q.symbol, l.symbol, l.source_coin_id) AS symbol,
              coalesce(q.name, l.name, l.source_coin_id) AS name, s.slug AS asset
         FROM listings l LEFT JOIN latest_quotes q USING (listing_id) LEFT JOIN assets s USING (asset_id))"""

_THEN = """(
       SELECT l.listing_id, l.source, l.dataset, l.source_coin_id,
              coalesce(f.symbol, q.symbol, l.symbol, l.source_coin_id) AS symbol,
              coalesce(f.name, q.name, l.name, l.source_coin_id) AS name, s.slug AS asset
         FROM listings l
         LEFT JOIN latest_quotes q USING (listing_id)
         LEFT JOIN LATERAL (
              SELECT n.symbol, n.name FROM former_names n
               WHERE n.listing_id = l.listing_id AND n.until > %(version)s::bigint ORDER BY n.until LIMIT 1) f ON true
         LEFT JOIN LATERAL (
              SELECT k.asset_id FROM links k
               WHERE k.listing_id = l.listing_id AND k.version <= %(version)s::bigint
               ORDER BY k.version DESC LIMIT 1) k ON true
         LEFT JOIN assets s ON s.asset_id = k.asset_id)"""


def about_listings(*, then: bool) -> str:
    """SQL for what quotes are shown with: listings with names and asset, as they are, or `then`: at %(version)s."""
    return _THEN if then else _NOW


_AS_OF = f"""
SELECT {_COLUMNS}, {row_json("q", "a", "l")} AS body
  FROM {_THEN} a
 CROSS JOIN LATERAL (
       SELECT * FROM (
              SELECT DISTINCT ON (observed_at) * FROM quotes h
               WHERE h.listing_id = a.listing_id AND h.observed_at <= %(known_at)s::timestamptz + interval '10 minutes'
                 AND h.quote_id < (%(version)s::bigint + 1) << 20
               ORDER BY observed_at DESC, version DESC) v
        WHERE NOT retracted ORDER BY observed_at DESC LIMIT 1) q
  JOIN loads l ON l.load_id = q.quote_id >> 20
 ORDER BY a.listing_id"""


# Only then can a listing go, or show an older quote again.
_REPROCESSED = "SELECT EXISTS (SELECT FROM loads WHERE load_id > %s AND kind = 'reprocess')"

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""When the ledger held nothing for sure: no load can ever become known before it."""


class Versions(msgspec.Struct, frozen=True):
    """Two counters: `data` changes with every committed page, `activity` with every run, step and key."""

    data: int
    activity: int


class Moment(msgspec.Struct, frozen=True):
    """A moment of the ledger: its last change up to then (0: none), a load or a resolution, and when that became
    known (UTC)."""

    version: int
    known_at: datetime


VERSIONS = "SELECT l.version, a.version FROM ledger l CROSS JOIN activity a"


async def read_versions(connection: Connection) -> Versions:
    """Both counters as they are now."""
    cursor = await connection.execute(VERSIONS, prepare=True)
    row = await cursor.fetchone()
    assert row is not None
    return Versions(*row)


async def read_snapshot(connection: Connection, former: Snapshot | None) -> Snapshot:
    """The newest quotes as they are now; only what changed since `former` is read."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        version = (await read_versions(connection)).data
        # A ledger that went back (a restored backup) has nothing in common with what was known of it.
        if former is None or former.version > version or await _reprocessed(connection, former.version):
            former = Snapshot(0, ())
        async with connection.cursor(row_factory=class_row(Row)) as cursor:
            await cursor.execute(_CHANGED.encode(), {"since": former.version}, prepare=True)
            return former.after(version, await cursor.fetchall())


async def _reprocessed(connection: Connection, since: int) -> bool:
    row = await (await connection.execute(_REPROCESSED, (since,), prepare=True)).fetchone()
    assert row is not None
    return bool(row[0])


_LAST = """
SELECT * FROM (SELECT load_id AS version, known_at FROM loads WHERE {loads} ORDER BY {loads_by} DESC LIMIT 1) l
 UNION ALL
SELECT * FROM (SELECT version, known_at FROM resolutions WHERE {all} ORDER BY {all_by} DESC LIMIT 1) r
 ORDER BY version DESC LIMIT 1"""
_LAST_KNOWN = _LAST.format(loads="known_at <= %(until)s", loads_by="known_at", all="known_at <= %(until)s",
                           all_by="known_at")  # fmt: skip
_LAST_NUMBERED = _LAST.format(loads="load_id <= %(until)s", loads_by="load_id", all="version <= %(until)s",
                              all_by="version")  # fmt: skip


async def last_moment(connection: Connection, until: datetime) -> Moment:
    """The last load or resolution that was known at `until`; never one that is still being written.

    Asked for its moment again, it is the same one for ever, whatever was being written meanwhile.
    """
    return await _moment(connection, _LAST_KNOWN, until)


async def moment_of(connection: Connection, version: int) -> Moment:
    """The last load or resolution up to the one numbered `version`."""
    return await _moment(connection, _LAST_NUMBERED, version)


async def _moment(connection: Connection, statement: str, until: datetime | int) -> Moment:
    row = await (await connection.execute(statement.encode(), {"until": until})).fetchone()
    return Moment(*row) if row else Moment(0, _BEGINNING)


async def read_snapshot_at(connection: Connection, moment: Moment) -> Snapshot:
    """The newest quotes as they were known at `moment`, with the names and the assets that the listings had then.

    It relies on the rule that no quote is dated more than ten minutes after its arrival.
    """
    async with connection.cursor(row_factory=class_row(Row)) as cursor:
        await cursor.execute(_AS_OF.encode(), {"version": moment.version, "known_at": moment.known_at})
        return Snapshot(moment.version, await cursor.fetchall())
