"""Receipts: from a quote back to the bytes, the request, the run and the parser that it came from."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from psycopg.rows import class_row

from kasparro.store.connection import Connection


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The lineage of one quote. Times are UTC; `sha256` is hexadecimal, `ordinal` the record's position."""

    quote_id: int
    source: str
    dataset: str
    period: str
    source_coin_id: str
    symbol: str | None
    name: str | None
    observed_at: datetime
    version: int
    versions: int
    retracted: bool
    rank: int | None
    price_usd: Decimal | None
    market_cap_usd: Decimal | None
    volume_24h_usd: Decimal | None
    change_24h_percent: Decimal | None
    circulating_supply: Decimal | None
    total_supply: Decimal | None
    max_supply: Decimal | None
    load_id: int
    ordinal: int
    stream: str
    kind: str
    parser: str
    fetched_at: datetime
    known_at: datetime
    simulated: bool
    run_id: int
    sha256: str
    size: int
    request: dict[str, Any]
    about: dict[str, Any]


_RECEIPT = """
SELECT q.quote_id, l.source, l.dataset, l.period, l.source_coin_id, l.symbol, l.name, q.observed_at, q.version,
       (SELECT count(*) FROM quotes v WHERE v.listing_id = q.listing_id AND v.observed_at = q.observed_at) AS versions,
       q.retracted, q.rank, q.price_usd, q.market_cap_usd, q.volume_24h_usd, q.change_24h_percent,
       q.circulating_supply, q.total_supply, q.max_supply, o.load_id, (q.quote_id & 524287)::int AS ordinal,
       o.stream, o.kind, o.parser, o.fetched_at, o.known_at, o.simulated, s.run_id, encode(o.sha256, 'hex') AS sha256,
       p.size, o.request, o.about
  FROM quotes q
  JOIN listings l USING (listing_id)
  JOIN loads o ON o.load_id = %(id)s::bigint >> 20
  JOIN etl_steps s USING (step_id)
  JOIN payloads p USING (sha256)
 WHERE q.quote_id = %(id)s"""


async def get_receipt(connection: Connection, quote_id: int) -> Receipt | None:
    """The receipt of a quote, or None when there is no such quote."""
    async with connection.cursor(row_factory=class_row(Receipt)) as cursor:
        await cursor.execute(_RECEIPT.encode(), {"id": quote_id})
        return await cursor.fetchone()
