"""Ledgers of any size, filled by SQL: so many coins, and so many quotes of them."""

import psycopg

_RUN = """
INSERT INTO etl_runs (kind, status, sources, host, pid, started_at, ended_at)
VALUES ('ingest', 'success', '{coingecko}', 'bench', 1, now(), now());
INSERT INTO etl_steps (run_id, source, status, ended_at) VALUES (1, 'coingecko', 'success', now());
INSERT INTO payloads VALUES (decode(repeat('00', 32), 'hex'), 0, '');"""
_LISTINGS = """
INSERT INTO listings (source, source_coin_id, symbol, name)
SELECT 'coingecko', 'coin-' || i, 'c' || (i %% 1000), 'Coin number ' || i FROM generate_series(1, %(coins)s) i"""
_LOADS = """
INSERT INTO loads (load_id, known_at, step_id, source, stream, kind, parser, sha256, request, about, fetched_at,
                   simulated, seen, new, unchanged, rejected)
SELECT k, now() - (%(rounds)s - k) * interval '1 minute', 1, 'coingecko', 'markets', 'ingest', 'bench',
       decode(repeat('00', 32), 'hex'), '{}', '{}', now(), true, %(coins)s, %(coins)s, 0, 0
  FROM generate_series(1, %(rounds)s) k"""
_QUOTES = """
INSERT INTO quotes (quote_id, observed_at, listing_id, rank, version, price_usd, market_cap_usd, volume_24h_usd,
                    change_24h_percent, circulating_supply, total_supply)
SELECT (k::bigint << 20) | (i - 1), now() - (%(rounds)s - k) * interval '1 minute', i, i, 1,
       (random() * 10 ^ (i %% 9 - 4))::numeric(30, 12), (random() * 1e12)::numeric(30, 2),
       (random() * 1e10)::numeric(30, 2), (random() * 20 - 10)::numeric(20, 5), 1e6 * i, 2e6 * i
  FROM generate_series(1, %(rounds)s) k, generate_series(1, %(coins)s) i"""
_LATEST = """
INSERT INTO latest_quotes
SELECT q.listing_id, q.quote_id, q.observed_at, q.version, false, now(), l.source, l.dataset, l.source_coin_id,
       l.symbol, l.name, q.rank, q.price_usd, q.market_cap_usd, q.volume_24h_usd, q.change_24h_percent,
       q.circulating_supply, q.total_supply, q.max_supply
  FROM quotes q JOIN listings l USING (listing_id) WHERE q.quote_id >= %(rounds)s::bigint << 20"""
_REST = """
UPDATE ledger SET version = %(rounds)s, known_at = now()"""
_CHECKPOINT = """
INSERT INTO checkpoints (source, stream, cursor, updated_at, loads, quotes, seen, new)
VALUES ('coingecko', 'markets', '{}', now(), %(rounds)s, %(quotes)s, %(quotes)s, %(quotes)s)"""


def fill(url: str, *, coins: int, quotes: int) -> None:
    """Fill the empty ledger at `url` with `quotes` quotes of `coins` coins, a minute apart."""
    values = {"coins": coins, "rounds": quotes // coins, "quotes": quotes}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_RUN)
        for statement in (_LISTINGS, _LOADS, _QUOTES, _LATEST, _REST, _CHECKPOINT):
            connection.execute(statement.encode(), values)
        connection.execute("VACUUM ANALYZE")
