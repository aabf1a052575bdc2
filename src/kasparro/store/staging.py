"""Staging: records to COPY text, and COPY text into a page's temporary table."""

from collections.abc import Iterable, Sequence
from itertools import islice

from kasparro.market.coin import Coin
from kasparro.market.quote import Quote
from kasparro.store.connection import Connection

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_LINES_AT_ONCE = 5_000

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


async def restage_quotes(
    connection: Connection, quotes: Sequence[Quote], *, load: int, dataset: str, period: str
) -> None:
    """Copy what today's parser reads from the payload of `load` into `restaged`."""
    head = f"{load}\t{_text(dataset)}\t{_text(period)}\t"
    await _copy(connection, "COPY restaged FROM STDIN", (head + _quote_line(quote) for quote in quotes))


async def create_staging(connection: Connection) -> None:
    """Make the temporary tables of this connection."""
    await connection.execute(_CREATE_PAGE)
    await connection.execute(_CREATE_COIN_PAGE)


async def stage_quotes(connection: Connection, quotes: Sequence[Quote]) -> None:
    """Copy `quotes` into the temporary table `page`, in the caller's transaction."""
    await _copy(connection, "COPY page FROM STDIN", map(_quote_line, quotes))


async def stage_coins(connection: Connection, coins: Sequence[Coin]) -> None:
    """Copy `coins` into `coin_page`: one row a coin and address, or one without address."""
    await _copy(connection, "COPY coin_page FROM STDIN", (line for coin in coins for line in _coin_lines(coin)))


async def _copy(connection: Connection, statement: str, lines: Iterable[str]) -> None:
    lines = iter(lines)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while block := "".join(islice(lines, _LINES_AT_ONCE)):
            await copy.write(block)


def _text(value: str) -> str:
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def _quote_line(q: Quote) -> str:
    rest = (q.rank, q.price_usd, q.market_cap_usd, q.volume_24h_usd, q.change_24h_percent,
            q.circulating_supply, q.total_supply, q.max_supply)  # fmt: skip
    numbers = "\t".join(["\\N" if value is None else str(value) for value in rest])
    return (
        f"{q.ordinal}\t{_text(q.source_coin_id)}\t{_text(q.symbol)}\t{_text(q.name)}\t"
        f"{q.observed_at.isoformat()}\t{numbers}\n"
    )


def _coin_lines(coin: Coin) -> Iterable[str]:
    active = "\\N" if coin.is_active is None else str(coin.is_active)
    texts = "\t".join("\\N" if text is None else _text(text) for text in (coin.symbol, coin.name))
    head = f"{coin.ordinal}\t{_text(coin.source_coin_id)}\t{texts}\t{active}\t"
    if not coin.addresses:
        return [f"{head}\\N\t\\N\n"]
    return [f"{head}{_text(chain)}\t{_text(address)}\n" for chain, address in coin.addresses]
