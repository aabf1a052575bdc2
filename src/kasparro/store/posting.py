"""Posting: the set-based statements that turn a staged page into quotes, versions and latest quotes.

The rules are those of an append-only ledger keyed `(listing, observed_at, version)`: other numbers for the
same moment add a version, the same numbers again change nothing, A then B then A is three versions.

Listings are looked up one index probe a row (`LATERAL … LIMIT 1`), or all in one pass for a large page: a young
table has no statistics yet, and without them the planner could read all listings for each row.
"""

from collections.abc import Sequence

from kasparro.market.quote import Quote
from kasparro.store.connection import Connection

NUMBERS = (
    "rank",
    "price_usd",
    "market_cap_usd",
    "volume_24h_usd",
    "change_24h_percent",
    "circulating_supply",
    "total_supply",
    "max_supply",
)


def row_of(alias: str) -> str:
    """The numbers of `alias` as an SQL row, to be compared as one value."""
    return "(" + ", ".join(f"{alias}.{name}" for name in NUMBERS) + ")"


_COLUMNS = ", ".join(NUMBERS)

OPEN_LOAD = """
UPDATE ledger SET version = version + 1, known_at = greatest(clock_timestamp(), known_at + interval '1 us')
RETURNING version, known_at"""

LARGE_PAGE = 5_000
"""From so many quotes on, one pass over the listings costs less than a probe for each quote."""

_PROBE = """LATERAL (SELECT listing_id FROM listings l WHERE l.source = %(source)s AND l.dataset = %(dataset)s
                           AND l.source_coin_id = p.source_coin_id LIMIT 1) l ON true"""
_SCAN = "listings l ON l.source = %(source)s AND l.dataset = %(dataset)s AND l.source_coin_id = p.source_coin_id"
_NO_LOOPS = "SET LOCAL enable_nestloop = off"  # else, without statistics, the pass may be one for each quote

_IS_NEW = f"""
           CASE WHEN nth > 1 THEN differs
                ELSE c.version IS NULL OR c.retracted OR {row_of("r")} IS DISTINCT FROM {row_of("c")} END"""
_IS_HOLE = "nth = 1 AND c.version IS NULL"

_COINS_ONCE = {"first": "", "in_order": "", "newest": "", "newest_first": ""}
_COINS_AGAIN = {
    "first": "DISTINCT ON (source_coin_id)",
    "in_order": "ORDER BY source_coin_id, ordinal",
    "newest": "DISTINCT ON (listing_id)",
    "newest_first": "ORDER BY listing_id, observed_at DESC, version DESC",
}
"""How a page is read in which a coin stands more than once; without such nothing has to be sorted."""

_MOMENTS_ONCE = {"nth": "1 AS nth, false AS differs", "window": "", "version": "coalesce(current, 0) + 1"}
_MOMENTS_AGAIN = {
    "nth": f"row_number() OVER w AS nth, {row_of('f')} IS DISTINCT FROM lag({row_of('f')}) OVER w AS differs",
    "window": "WINDOW w AS (PARTITION BY source_coin_id, observed_at ORDER BY ordinal)",
    "version": """coalesce(max(current) OVER (PARTITION BY source_coin_id, observed_at), 0)
              + row_number() OVER (PARTITION BY source_coin_id, observed_at ORDER BY ordinal)""",
}
"""How a page is read in which a coin stands more than once with the same moment."""

_SHOW = f"""INTO latest_quotes AS q (listing_id, quote_id, observed_at, version, retracted, known_at, source,
                                    dataset, source_coin_id, symbol, name, {_COLUMNS})
    SELECT listing_id, quote_id, observed_at, version, false, %(known_at)s::timestamptz, %(source)s,
           %(dataset)s, source_coin_id, symbol, name, {_COLUMNS}
      FROM newest"""

# The join with `added` is FULL, though each added listing has its quotes: a full join is never done by loops.
_POST = f"""
WITH found AS (
    SELECT p.*, l.listing_id AS known FROM page p LEFT JOIN {{listings}}),
added AS (
    INSERT INTO listings (source, dataset, source_coin_id, period, symbol, name)
    SELECT {{first}} %(source)s, %(dataset)s, source_coin_id, %(period)s, symbol, name
      FROM found WHERE known IS NULL {{in_order}}
    RETURNING listing_id, source_coin_id),
rec AS (
    SELECT f.*, coalesce(f.known, a.listing_id) AS listing_id, {{nth}}
      FROM found f FULL JOIN added a USING (source_coin_id) {{window}}),
judged AS (
    SELECT r.*, c.version AS current
      FROM rec r
      LEFT JOIN LATERAL (
           SELECT * FROM quotes h WHERE h.listing_id = r.known AND h.observed_at = r.observed_at
            ORDER BY version DESC LIMIT 1) c ON true
     WHERE {{is_new}}),
posted AS (
    SELECT *, (%(load)s::bigint << 20) | ordinal AS quote_id, {{version}} AS version FROM judged),
kept AS (
    INSERT INTO quotes (quote_id, observed_at, listing_id, version, {_COLUMNS})
    SELECT quote_id, observed_at, listing_id, version, {_COLUMNS} FROM posted),
newest AS (
    SELECT {{newest}} * FROM posted {{newest_first}}),
shown_first AS (
    INSERT {_SHOW} WHERE known IS NULL),
shown AS (
    INSERT {_SHOW} WHERE known IS NOT NULL
    ON CONFLICT (listing_id) DO UPDATE
       SET (quote_id, observed_at, version, retracted, known_at, symbol, name, {_COLUMNS})
         = ROW(excluded.quote_id, excluded.observed_at, excluded.version, excluded.retracted,
               excluded.known_at, excluded.symbol, excluded.name,
               {", ".join(f"excluded.{name}" for name in NUMBERS)})
     WHERE (excluded.observed_at, excluded.version) > (q.observed_at, q.version))
SELECT count(*) FROM posted"""

_LIST_COINS = """
INSERT INTO listings (source, source_coin_id, symbol, name)
SELECT DISTINCT ON (p.source_coin_id) %(source)s, p.source_coin_id, p.symbol, p.name
  FROM coin_page p
 WHERE (SELECT l.listing_id FROM listings l WHERE l.source = %(source)s AND l.dataset = ''
           AND l.source_coin_id = p.source_coin_id LIMIT 1) IS NULL
 ORDER BY p.source_coin_id, p.ordinal"""

_POST_COINS = """
WITH rec AS (
    SELECT l.listing_id, p.*
      FROM coin_page p
     CROSS JOIN LATERAL (SELECT listing_id FROM listings l WHERE l.source = %(source)s AND l.dataset = ''
                            AND l.source_coin_id = p.source_coin_id LIMIT 1) l),
said AS (
    SELECT DISTINCT ON (listing_id) listing_id, ordinal, symbol, name, is_active
      FROM rec WHERE symbol IS NOT NULL OR name IS NOT NULL OR is_active IS NOT NULL
     ORDER BY listing_id, ordinal DESC),
versions AS (
    INSERT INTO listing_versions (listing_id, load_id, symbol, name, is_active)
    SELECT s.listing_id, %(load)s, s.symbol, s.name, s.is_active
      FROM said s
      LEFT JOIN LATERAL (SELECT * FROM listing_versions v WHERE v.listing_id = s.listing_id
                          ORDER BY load_id DESC LIMIT 1) v ON true
     WHERE v.listing_id IS NULL
        OR (s.symbol, s.name, s.is_active) IS DISTINCT FROM (v.symbol, v.name, v.is_active)
    RETURNING listing_id, symbol, name),
current AS (
    UPDATE listings l SET symbol = coalesce(v.symbol, l.symbol), name = coalesce(v.name, l.name)
      FROM versions v
     WHERE v.listing_id = l.listing_id
       AND (l.symbol, l.name) IS DISTINCT FROM (coalesce(v.symbol, l.symbol), coalesce(v.name, l.name))),
addresses AS (
    INSERT INTO listing_addresses (listing_id, chain, address, load_id)
    SELECT DISTINCT listing_id, chain, address, %(load)s::bigint FROM rec WHERE chain IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING listing_id, chain, address)
SELECT count(DISTINCT r.ordinal)
  FROM rec r
 WHERE r.ordinal IN (SELECT min(s.ordinal) FROM said s JOIN versions v USING (listing_id)
                      GROUP BY s.listing_id)
    OR r.ordinal IN (SELECT min(a.ordinal) FROM rec a JOIN addresses n USING (listing_id, chain, address)
                      GROUP BY listing_id, chain, address)"""


# A list that lost more than a fifth at once is rather a broken one, or a part of one.
_DELIST = """
WITH listed AS (
    SELECT l.listing_id, v.symbol, v.name,
           EXISTS (SELECT FROM coin_page p WHERE p.source_coin_id = l.source_coin_id) AS still
      FROM listings l
     CROSS JOIN LATERAL (SELECT * FROM listing_versions v WHERE v.listing_id = l.listing_id AND v.load_id < %(load)s
                          ORDER BY load_id DESC LIMIT 1) v
     WHERE l.source = %(source)s AND l.dataset = '' AND v.is_active)
INSERT INTO listing_versions (listing_id, load_id, symbol, name, is_active)
SELECT listing_id, %(load)s, symbol, name, false FROM listed
 WHERE NOT still AND (SELECT count(*) FILTER (WHERE NOT still) * 5 <= count(*) FROM listed)"""


async def open_load(connection: Connection) -> tuple[int, object]:
    """Take the writers' lock until the transaction ends; the load's number and when it becomes known."""
    cursor = await connection.execute(OPEN_LOAD)
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def post_quotes(
    connection: Connection,
    load: int,
    known_at: object,
    quotes: Sequence[Quote],
    *,
    source: str,
    dataset: str,
    period: str,
    holes_only: bool = False,
) -> int:
    """Post `quotes`, staged in `page`, as load `load`; how many of them (versions included) were new.

    With `holes_only` a quote enters only where the ledger has none for its listing and moment.
    """
    values = {"source": source, "dataset": dataset, "period": period, "load": load, "known_at": known_at}
    large = len(quotes) >= LARGE_PAGE
    coins_once = len({quote.source_coin_id for quote in quotes}) == len(quotes)
    moments_once = coins_once or len({(quote.source_coin_id, quote.observed_at) for quote in quotes}) == len(quotes)
    statement = _POST.format(
        listings=_SCAN if large else _PROBE,
        is_new=_IS_HOLE if holes_only else _IS_NEW,
        **(_COINS_ONCE if coins_once else _COINS_AGAIN),
        **(_MOMENTS_ONCE if moments_once else _MOMENTS_AGAIN),
    )
    if large:
        await connection.execute(_NO_LOOPS)
    return await _count(connection, statement, values)


async def post_coins(connection: Connection, load: int, *, source: str) -> int:
    """Post the staged `coin_page` as load `load`; how many of its records said something new."""
    values = {"source": source, "load": load}
    await connection.execute(_LIST_COINS, values)
    return await _count(connection, _POST_COINS, values)


async def delist(connection: Connection, load: int, *, source: str) -> int:
    """Note that the coins which the staged `coin_page`, a whole list, lacks are listed no longer; how many."""
    cursor = await connection.execute(_DELIST, {"source": source, "load": load})
    return cursor.rowcount


async def _count(connection: Connection, statement: str, values: dict[str, object]) -> int:
    cursor = await connection.execute(statement.encode(), values)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
