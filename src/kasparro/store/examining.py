"""What an examination reads: what a run's steps did beside earlier ones, its quotes, and their past.

Columns come as the bytes of their values, thousands in one cell: they become arrays without being looked at one by
one. They are floats, good to judge by; amounts that no float can hold are unknown here.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from psycopg.rows import class_row

from kasparro.store.connection import Connection

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FORMER_STEPS = 60
"""How many earlier steps are looked through for comparable ones."""

LARGE = 2_000
"""From so many listings on, the others of their assets are found in one pass, not by a probe for each."""

_EPOCH = 946_684_800
"""2000-01-01, from which PostgreSQL counts its microseconds, in seconds since 1970."""

_INT, _BIG, _TIME, _FLOAT = ">i4", ">i8", ">i8", ">f8"


def _ints(name: str) -> str:
    return f"string_agg(int4send({name}), '')"


def _times(name: str) -> str:
    return f"string_agg(timestamptz_send({name}), '')"


def _floats(name: str) -> str:
    """An amount of the ledger: it may have more digits, or be larger or closer to zero, than a float."""
    value = f"CASE WHEN abs({name}) BETWEEN 1e-300 AND 1e300 OR {name} = 0 THEN {name}::float8 ELSE 'NaN' END"
    return f"string_agg(float8send({value}), '')"


class ReadStep(msgspec.Struct, frozen=True):
    """What one step did to its streams of quotes; coin lists, which come now and then, don't count.

    `streams` says which ones, and whether each was begun or gone on with: only steps of the same are comparable.
    `seconds` is the time until the last page of quotes was in the ledger, `first` and `last` are loads.
    """

    source: str
    step_id: int
    mine: bool
    status: str
    started_at: datetime
    streams: list[str]
    seen: int
    rejected: int
    seconds: float
    first: int
    last: int


class ReadLoad(msgspec.Struct, frozen=True):
    """A load of the run that is examined. `file` where it's no answer of a provider."""

    load_id: int
    source: str
    fetched_at: datetime
    file: bool


class Held(msgspec.Struct, frozen=True):
    """What the ledger holds: quotes of each source."""

    quotes: dict[str, int]

    def others(self, source: str) -> list[str]:
        """The other sources that have quotes."""
        return [other for other, quotes in self.quotes.items() if other != source and quotes]


class Newest(msgspec.Struct, frozen=True):
    """The newest quotes of some listings as columns; times in seconds since 1970, amounts in USD, NaN for unknown."""

    listings: Ints
    quotes: Ints
    observed_at: Floats
    amounts: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.listings)


class Stood(msgspec.Struct, frozen=True):
    """A newest quote that a run didn't bring, though it may have met its coin."""

    listing_id: int
    quote_id: int
    source_coin_id: str
    observed_at: datetime


_STEPS = f"""
SELECT m.source, s.step_id, s.step_id = m.step_id AS mine, s.status, s.started_at, t.streams, t.seen, t.rejected,
       extract(epoch FROM t.known_at - s.started_at)::float8 AS seconds, t.first, t.last
  FROM etl_steps m
 CROSS JOIN LATERAL (
       SELECT m.step_id, m.status, m.started_at
        UNION ALL
       (SELECT e.step_id, e.status, e.started_at FROM etl_steps e
         WHERE e.source = m.source AND e.status = 'success' AND e.step_id < m.step_id
         ORDER BY e.step_id DESC LIMIT {FORMER_STEPS})) s
 CROSS JOIN LATERAL (
       SELECT array_agg(stream || CASE WHEN begun THEN '' ELSE ', gone on with' END ORDER BY stream) AS streams,
              sum(seen)::bigint AS seen, sum(rejected)::bigint AS rejected, max(known_at) AS known_at,
              min(first) AS first, max(last) AS last
         FROM (SELECT l.stream, min((l.request ->> 'position')::bigint) <= 1 AS begun, sum(l.seen) AS seen,
                      sum(l.rejected) AS rejected, max(l.known_at) AS known_at, min(l.load_id) AS first,
                      max(l.load_id) AS last
                 FROM loads l JOIN checkpoints c USING (source, stream)
                WHERE l.step_id = s.step_id AND l.kind = 'ingest' AND c.quotes > 0
                GROUP BY l.stream) p) t
 WHERE m.run_id = %s AND t.streams IS NOT NULL
 ORDER BY m.step_id, s.step_id DESC"""

_LOADS = """
SELECT l.load_id, l.source, l.fetched_at, l.dataset <> '' AS file
  FROM etl_steps s JOIN loads l USING (step_id)
 WHERE s.run_id = %s AND l.kind = 'ingest'
 ORDER BY l.load_id"""

_FIELDS = (
    "rank", "price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "circulating_supply",
    "total_supply", "max_supply",
)  # fmt: skip
FIELDS = len(_FIELDS)
"""The values of a quote that may be unknown."""

# One pass over the pages of the heap that hold these loads, whoever else's loads lie between.
_NULLS = f"""
SELECT q.quote_id >> 20 AS load_id, count(*) AS quotes, sum(num_nulls({", ".join(_FIELDS)}))::bigint AS nulls
  FROM unnest(%s::bigint[], %s::bigint[]) AS w (first, last)
 CROSS JOIN LATERAL (
       SELECT * FROM quotes h WHERE h.quote_id >= w.first << 20 AND h.quote_id < (w.last + 1) << 20) q
 GROUP BY 1"""

_AMOUNTS = {
    "price": "price_usd", "market_cap": "market_cap_usd", "change_24h_percent": "change_24h_percent",
    "circulating_supply": "circulating_supply", "total_supply": "total_supply", "max_supply": "max_supply",
}  # fmt: skip

_NEWEST = f"""
SELECT {_ints("listing_id")}, string_agg(int8send(quote_id), ''), {_times("observed_at")},
       {", ".join(_floats(name) for name in _AMOUNTS.values())}
  FROM latest_quotes
 WHERE source = %(source)s AND NOT retracted
   AND quote_id >= %(first)s::bigint << 20 AND quote_id < (%(last)s::bigint + 1) << 20"""

_STOOD = """
SELECT listing_id, quote_id, source_coin_id, observed_at
  FROM latest_quotes
 WHERE source = %(source)s AND dataset = '' AND NOT retracted AND quote_id < %(first)s::bigint << 20
   AND observed_at < %(before)s"""

_LAST = """
SELECT * FROM (SELECT DISTINCT ON (h.observed_at) h.observed_at, h.price_usd, h.retracted FROM quotes h
                WHERE h.listing_id = p.listing_id AND h.observed_at < n.observed_at
                ORDER BY h.observed_at DESC, h.version DESC) v
 WHERE NOT retracted LIMIT %(depth)s"""
_HOURLY = """
SELECT v.*
  FROM generate_series(0, %(depth)s - 1) AS hours
 CROSS JOIN LATERAL (
       SELECT h.observed_at, h.price_usd, h.retracted FROM quotes h
        WHERE h.listing_id = p.listing_id AND h.observed_at < n.observed_at - hours * interval '1 hour'
          AND h.observed_at >= n.observed_at - (hours + 1) * interval '1 hour'
        ORDER BY h.observed_at DESC, h.version DESC LIMIT 1) v
 WHERE NOT retracted"""

_HISTORY = f"""
SELECT {_ints("nth")}, {_times("observed_at")}, {_floats("price_usd")}
  FROM (SELECT p.nth::int AS nth, o.observed_at, o.price_usd
          FROM unnest(%(listings)s::int[]) WITH ORDINALITY AS p (listing_id, nth)
          JOIN latest_quotes n USING (listing_id)
         CROSS JOIN LATERAL ({{observations}}) o) s"""

# Made-up prices and real ones say nothing of each other.
_OTHERS = f"""
SELECT {_ints("nth")}, {_ints("other")}, {_times("observed_at")}, {_floats("price_usd")}
  FROM (SELECT DISTINCT ON (nth, other) p.nth::int AS nth, array_position(%(others)s::text[], m.source) AS other,
               o.observed_at, o.price_usd
          FROM unnest(%(listings)s::int[]) WITH ORDINALITY AS p (listing_id, nth)
          JOIN listings l ON l.listing_id = p.listing_id
          JOIN listings m ON m.asset_id = l.asset_id AND m.source <> l.source
          JOIN latest_quotes n ON n.listing_id = l.listing_id
          JOIN latest_quotes o ON o.listing_id = m.listing_id AND NOT o.retracted AND o.price_usd > 0
          JOIN loads ln ON ln.load_id = n.quote_id >> 20
          JOIN loads lo ON lo.load_id = o.quote_id >> 20 AND lo.simulated = ln.simulated
         ORDER BY nth, other, o.observed_at DESC) s"""

_IN_ORDER = "; ".join(
    f"SET LOCAL enable_{way} = off" for way in ("bitmapscan", "seqscan", "sort", "hashjoin", "mergejoin")
)


async def read_steps(connection: Connection, run_id: int) -> list[ReadStep]:
    """The steps of the run that brought pages of quotes, each with the earlier successful ones of its source."""
    async with connection.cursor(row_factory=class_row(ReadStep)) as cursor:
        await cursor.execute(_STEPS.encode(), (run_id,))
        return await cursor.fetchall()


async def read_loads(connection: Connection, run_id: int) -> list[ReadLoad]:
    """The loads of the run, in their order."""
    async with connection.cursor(row_factory=class_row(ReadLoad)) as cursor:
        await cursor.execute(_LOADS, (run_id,))
        return await cursor.fetchall()


async def read_held(connection: Connection) -> Held:
    """How many quotes the ledger holds, by source."""
    cursor = await connection.execute("SELECT source, sum(quotes)::bigint FROM checkpoints GROUP BY source ORDER BY 1")
    return Held(dict(await cursor.fetchall()))


async def count_nulls(connection: Connection, loads: Collection[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """load -> how many quotes it brought, and how many values of them are unknown, for the loads from … to ….

    Other loads in between are counted as well.
    """
    cursor = await connection.execute(_NULLS.encode(), ([first for first, _ in loads], [last for _, last in loads]))
    return {load: (quotes, nulls) for load, quotes, nulls in await cursor.fetchall()}


async def read_newest(connection: Connection, source: str, first: int, last: int) -> Newest:
    """The newest quotes of the source, as far as the loads from `first` to `last` brought them."""
    row = await _one(connection, _NEWEST, {"source": source, "first": first, "last": last})
    listings, quotes, observed_at, *amounts = row
    columns = {name: _array(column, _FLOAT) for name, column in zip(_AMOUNTS, amounts, strict=True)}
    return Newest(_whole(listings, _INT), _whole(quotes, _BIG), _seconds(observed_at), columns)


async def read_stood(connection: Connection, source: str, first: int, before: datetime) -> list[Stood]:
    """The newest quotes of the source's answers that came before the load `first` and were observed `before`."""
    async with connection.cursor(row_factory=class_row(Stood)) as cursor:
        await cursor.execute(_STOOD, {"source": source, "first": first, "before": before})
        return await cursor.fetchall()


async def read_history(
    connection: Connection, listings: Sequence[int], *, depth: int, hourly: bool
) -> tuple[Ints, Floats, Floats]:
    """What was observed of `listings` before their newest quotes: the listing's position, when, and the price.

    The last `depth` observations, or with `hourly` the last one of each of so many hours; in ascending order of
    position and time. Prices that are unknown are NaN.
    """
    statement = _HISTORY.format(observations=_HOURLY if hourly else _LAST)
    async with connection.transaction():
        # The index has them in this order, however little is known of a young table.
        await connection.execute(_IN_ORDER)
        rows, times, prices = await _one(connection, statement, {"listings": list(listings), "depth": depth})
    row, time, price = _whole(rows, _INT) - 1, _seconds(times), _array(prices, _FLOAT)
    order = np.lexsort((time, row))
    return row[order], time[order], price[order]


async def read_others(
    connection: Connection, listings: Sequence[int], others: Sequence[str]
) -> tuple[Floats, Floats]:  # fmt: skip
    """The newest price of the same asset at each of the `others`, and when that was observed: a row a listing."""
    prices, times = np.full((len(listings), len(others)), np.nan), np.full((len(listings), len(others)), np.nan)
    if not others:
        return prices, times
    async with connection.transaction():
        if len(listings) >= LARGE:
            await connection.execute("SET LOCAL enable_nestloop = off")
        row = await _one(connection, _OTHERS, {"listings": list(listings), "others": list(others)})
    at = _whole(row[0], _INT) - 1, _whole(row[1], _INT) - 1
    times[at], prices[at] = _seconds(row[2]), _array(row[3], _FLOAT)
    return prices, times


async def _one(connection: Connection, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(statement.encode(), values)
    row = await cursor.fetchone()
    assert row is not None
    return row


def _array(column: bytes | None, kind: str) -> Floats:
    return np.frombuffer(column or b"", kind).astype(np.float64)


def _whole(column: bytes | None, kind: str) -> Ints:
    return np.frombuffer(column or b"", kind).astype(np.int64)


def _seconds(column: bytes | None) -> Floats:
    return _array(column, _TIME) / 1e6 + _EPOCH
