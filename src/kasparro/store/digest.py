"""The digest: a fingerprint of the ledger's content, so that two ledgers can be compared.

It leaves out surrogate keys, run ids and our own clock: two ledgers that took in the same data, one of them
killed a hundred times on the way, have equal digests.
"""

import hashlib

from kasparro.store.connection import Connection

Digests = dict[str, dict[str, object]]

_CURSOR = "(SELECT jsonb_object_agg(k, v) FROM jsonb_each(cursor) AS e (k, v) WHERE k NOT LIKE '%\\_at')"

_CONTENT = {
    "listings": "SELECT source, dataset, source_coin_id, period, symbol, name FROM listings",
    "listing_versions": """
        SELECT l.source, l.source_coin_id, v.symbol, v.name, v.is_active,
               row_number() OVER (PARTITION BY listing_id ORDER BY load_id)
          FROM listing_versions v JOIN listings l USING (listing_id)""",
    "listing_addresses": """
        SELECT l.source, l.source_coin_id, a.chain, a.address
          FROM listing_addresses a JOIN listings l USING (listing_id)""",
    "quotes": """
        SELECT l.source, l.dataset, l.source_coin_id, q.observed_at, q.version, q.quote_id & 1048575,
               q.retracted, q.rank, q.price_usd, q.market_cap_usd, q.volume_24h_usd, q.change_24h_percent,
               q.circulating_supply, q.total_supply, q.max_supply
          FROM quotes q JOIN listings l USING (listing_id)""",
    "latest_quotes": """
        SELECT source, dataset, source_coin_id, symbol, name, observed_at, version, quote_id & 1048575,
               retracted, rank, price_usd, market_cap_usd, volume_24h_usd, change_24h_percent,
               circulating_supply, total_supply, max_supply
          FROM latest_quotes""",
    "payloads": "SELECT encode(sha256, 'hex'), size FROM payloads",
    "journal": """
        SELECT DISTINCT source, stream, dataset, kind, parser, encode(sha256, 'hex'), refusal, new, retracted
          FROM loads WHERE new > 0 OR retracted > 0 OR refusal IS NOT NULL""",
    "rejections": """
        SELECT source, stream, reason, detail, record, resolved_load_id IS NOT NULL FROM rejections""",
    "drift_events": "SELECT source, stream, field, kind, found, confidence, required FROM drift_events",
    "checkpoints": f"SELECT source, stream, {_CURSOR} FROM checkpoints",
}


RULES = hashlib.sha256(repr(_CONTENT).encode()).hexdigest()[:16]
"""Names what the digests look at: those made under other rules can't be compared."""


async def digest(connection: Connection) -> Digests:
    """table -> {rows, digest}: the row count and the sum of a 64-bit hash of each row, in any order."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return await digest_within(connection)


async def digest_within(connection: Connection) -> Digests:
    """The digest as the caller's transaction sees the ledger."""
    result: Digests = {}
    for table, content in _CONTENT.items():
        cursor = await connection.execute(
            f"""SELECT count(*),
                       coalesce(sum(('x' || left(md5(c::text), 16))::bit(64)::bigint::numeric), 0)
                  FROM ({content}) c""".encode()
        )
        row = await cursor.fetchone()
        assert row is not None
        result[table] = {"rows": row[0], "digest": f"{int(row[1]) % 2**64:016x}"}
    return result
