"""Posting: the set-based statements that turn a staged page into quotes, versions and latest quotes.

The rules are those of an append-only ledger keyed `(listing, observed_at, version)`: other numbers for the
same moment add a version, the same numbers again change nothing, A then B then A is three versions.

Listings are looked up one index probe a row (`LATERAL … LIMIT 1`): a young table has no statistics yet, and
without them the planner reads all listings for each page.
"""

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


def _row(alias: str) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in NUMBERS) + ")"


_COLUMNS = ", ".join(NUMBERS)

OPEN_LOAD = """
UPDATE ledger SET version = version + 1, known_at = greatest(clock_timestamp(), known_at + interval '1 us')
RETURNING version, known_at"""

_NEW_LISTINGS = """
INSERT INTO listings (source, dataset, source_coin_id, period, symbol, name)
SELECT DISTINCT ON (p.source_coin_id) %(source)s, %(dataset)s, p.source_coin_id, %(period)s, p.symbol, p.name
  FROM page p
 WHERE (SELECT l.listing_id FROM listings l WHERE l.source = %(source)s AND l.dataset = %(dataset)s
           AND l.source_coin_id = p.source_coin_id LIMIT 1) IS NULL
 ORDER BY p.source_coin_id, p.ordinal"""

_DIFFERS = f"""
           CASE WHEN nth > 1 THEN differs
                ELSE c.version IS NULL OR c.retracted OR {_row("r")} IS DISTINCT FROM {_row("c")} END"""
_IS_HOLE = "c.version IS NULL AND nth = max(nth) OVER (PARTITION BY r.listing_id, r.observed_at)"

_POST = f"""
WITH rec AS (
    SELECT l.listing_id, p.*, row_number() OVER w AS nth,
           {_row("p")} IS DISTINCT FROM lag({_row("p")}) OVER w AS differs
      FROM page p
     CROSS JOIN LATERAL (SELECT listing_id FROM listings l WHERE l.source = %(source)s
                            AND l.dataset = %(dataset)s AND l.source_coin_id = p.source_coin_id LIMIT 1) l
    WINDOW w AS (PARTITION BY listing_id, p.observed_at ORDER BY ordinal)),
judged AS (
    SELECT r.*, c.version AS current,
           {{is_new}} AS is_new
      FROM rec r
      LEFT JOIN LATERAL (
           SELECT * FROM quotes h WHERE h.listing_id = r.listing_id AND h.observed_at = r.observed_at
            ORDER BY version DESC LIMIT 1) c ON true),
posted AS (
    INSERT INTO quotes (quote_id, observed_at, listing_id, version, {_COLUMNS})
    SELECT (%(load)s::bigint << 20) | ordinal, observed_at, listing_id,
           coalesce(max(current) OVER k, 0) + row_number() OVER k, {_COLUMNS}
      FROM judged WHERE is_new
    WINDOW k AS (PARTITION BY listing_id, observed_at ORDER BY ordinal)
    RETURNING *),
latest AS (
    INSERT INTO latest_quotes AS q (listing_id, quote_id, observed_at, version, retracted, known_at, source,
                                    dataset, source_coin_id, symbol, name, {_COLUMNS})
    SELECT DISTINCT ON (o.listing_id) o.listing_id, o.quote_id, o.observed_at, o.version, o.retracted,
           %(known_at)s::timestamptz, %(source)s, %(dataset)s, p.source_coin_id, p.symbol, p.name,
           {", ".join(f"o.{name}" for name in NUMBERS)}
      FROM posted o JOIN page p ON p.ordinal = (o.quote_id & 1048575)
     ORDER BY o.listing_id, o.observed_at DESC, o.version DESC
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
    *,
    source: str,
    dataset: str,
    period: str,
    holes_only: bool = False,
) -> int:
    """Post the staged `page` as load `load`; how many quotes (versions included) were new.

    With `holes_only` a quote enters only where the ledger has none for its listing and moment, the page's last one.
    """
    values = {"source": source, "dataset": dataset, "period": period, "load": load, "known_at": known_at}
    await connection.execute(_NEW_LISTINGS, values)
    return await _count(connection, _POST.format(is_new=_IS_HOLE if holes_only else _DIFFERS), values)


async def post_coins(connection: Connection, load: int, *, source: str) -> int:
    """Post the staged `coin_page` as load `load`; how many of its records said something new."""
    values = {"source": source, "load": load}
    await connection.execute(_LIST_COINS, values)
    return await _count(connection, _POST_COINS, values)


async def _count(connection: Connection, statement: str, values: dict[str, object]) -> int:
    cursor = await connection.execute(statement.encode(), values)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
