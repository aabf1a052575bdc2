"""Staging: records to CSV, and CSV by COPY into a page's temporary table."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from kasparro.market.coin import Coin
from kasparro.market.quote import Quote
from kasparro.store.connection import Connection

Row = tuple[Any, ...]

_ROWS_AT_ONCE = 500
"""About 60 kB: they fit into the socket, so that the server reads some while we encode the next."""
_JSON = msgspec.json.Encoder(decimal_format="number")

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
    rows = iter(rows)
    statement = f"COPY {table} FROM STDIN (FORMAT csv, NULL 'null')".encode()
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while block := list(islice(rows, _ROWS_AT_ONCE)):
            await copy.write(_csv(block))


def _csv(rows: Sequence[Row]) -> bytes:
    """`rows` as CSV in which null is a bare word.

    JSON's arrays are that but for their brackets, where no text holds what JSON escapes, and are made five
    times faster than by Python.
    """
    try:
        lines = _JSON.encode_lines(rows)
    except OverflowError:  # a whole number beyond 64 bits
        lines = b"\\"
    if b"\\" in lines:
        return "".join(",".join(map(_cell, row)) + "\n" for row in rows).encode()
    return lines[1:-2].replace(b"]\n[", b"\n") + b"\n"


def _cell(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return '"' + value.replace('"', '""') + '"'
        case datetime():
            return value.isoformat()
        case _:
            return str(value)
