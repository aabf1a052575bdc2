"""Staging: records by COPY into a page's temporary table."""

from collections.abc import Iterable, Sequence

import msgspec

from kasparro.market.coin import Coin
from kasparro.market.quote import Quote
from kasparro.store.connection import Connection
from kasparro.store.copying import Row, as_csv, csv_copy

_CREATE_PAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS page (
    ordinal int, source_coin_id text, symbol text, name text, observed_at timestamptz, rank int,
    price_usd numeric, market_cap_usd numeric, volume_24h_usd numeric, change_24h_percent numeric,
    circulating_supply numeric, total_supply numeric, max_supply numeric
) ON COMMIT DELETE ROWS"""

_CREATE_COIN_PAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS coin_page (
    ordinal int, source_coin_id text, symbol text, name text, is_active boolean, chain text, address text
) ON COMMIT DELETE ROWS"""


_CREATE_RESTAGED = """
CREATE TEMPORARY TABLE restaged (
    load_id bigint, dataset text, period text, ordinal int, source_coin_id text, symbol text, name text,
    observed_at timestamptz, rank int, price_usd numeric, market_cap_usd numeric, volume_24h_usd numeric,
    change_24h_percent numeric, circulating_supply numeric, total_supply numeric, max_supply numeric
) ON COMMIT DROP"""


async def create_restaging(connection: Connection) -> None:
    """Make the temporary table that reprocessing compares with the ledger; it ends with the transaction."""
    await connection.execute(_CREATE_RESTAGED)


async def index_restaged(connection: Connection) -> None:
    """Give `restaged`, once it is full, what the comparison with the ledger needs."""
    await connection.execute("CREATE INDEX ON restaged (dataset, source_coin_id, observed_at)")
    await connection.execute("ANALYZE restaged")


async def restage_quotes(
    connection: Connection, quotes: Sequence[Quote], *, load: int, dataset: str, period: str
) -> None:
    """Copy what today's parser reads from the payload of `load` into `restaged`."""
    await _copy(connection, "restaged", ((load, dataset, period, *msgspec.structs.astuple(quote)) for quote in quotes))


async def create_staging(connection: Connection) -> None:
    """Make the temporary tables of this connection."""
    await connection.execute(_CREATE_PAGE)
    await connection.execute(_CREATE_COIN_PAGE)


async def stage_quotes(connection: Connection, quotes: Sequence[Quote]) -> None:
    """Copy `quotes` into the temporary table `page`, in the caller's transaction."""
    await _copy(connection, "page", map(msgspec.structs.astuple, quotes))


async def stage_coins(connection: Connection, coins: Sequence[Coin]) -> None:
    """Copy `coins` into `coin_page`: one row a coin and address, or one without address."""
    await _copy(
        connection,
        "coin_page",
        (
            (coin.ordinal, coin.source_coin_id, coin.symbol, coin.name, coin.is_active, chain, address)
            for coin in coins
            for chain, address in coin.addresses or ((None, None),)
        ),
    )


async def _copy(connection: Connection, table: str, rows: Iterable[Row]) -> None:
    async with connection.cursor() as cursor, cursor.copy(csv_copy(table)) as copy:
        for block in as_csv(rows):
            await copy.write(block)
