"""Identity: deciding of 40,000 listings of two providers from scratch, and then of a few that changed.

The listings are the sandbox's, whose names, shared symbols, bridged and old versions follow those of real lists.
"""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench.figure import Figure, at_most, below, told
from bench.ledgers import Ledgers
from kasparro.ingest.identity import settle_identity
from kasparro.sandbox.coins import Coin, Listing, build

NAME = "identity"
_COINS = 20_000
_QUOTE = """listing_id, quote_id, observed_at, version, retracted, known_at, source, dataset, source_coin_id,
            symbol, name, price_usd, market_cap_usd"""


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Seconds of a resolution of everything, of nothing, of one listing and of a hundred."""
    folder.mkdir()
    universe = build(1, _COINS, _COINS)
    with ledgers.fresh() as name:
        url = ledgers.url(name)
        _fill(url, universe.coins)
        whole, decided = _timed(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
            wrong = _wrong(connection, universe.coins)
            linked = connection.execute(
                "SELECT count(*) FROM (SELECT asset_id FROM listings GROUP BY asset_id HAVING count(*) > 1) a"
            ).fetchone()
            chosen = connection.execute("SELECT listing_id FROM listings ORDER BY md5(symbol) LIMIT 100")
            few = [row[0] for row in chosen]
        nothing, _ = _timed(url)
        one, beside = _timed(url, *few[:1])
        hundred, around = _timed(url, *few)
    both = sum(1 for coin in universe.coins if coin.gecko and coin.paprika)
    assert linked is not None
    note = f"{decided:,} listings"
    return [
        below(NAME, "all listings from scratch, committed", whole, 10, "s", note),
        at_most(NAME, "false links among them", wrong, 0, "links"),
        told(NAME, "pairs found", linked[0] / both, "of all"),
        below(NAME, "nothing changed", nothing, 0.5, "s"),
        below(NAME, "one listing changed", one, 0.5, "s", f"{beside:,} decided with it"),
        told(NAME, "a hundred changed", hundred, "s", f"{around:,} decided with them"),
    ]


def _timed(url: str, *changed: int) -> tuple[float, int]:
    """The seconds of a resolution, its commit included, after the listings with these ids have changed; and how many it
    decided."""
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM considered WHERE listing_id = ANY(%s)", (list(changed),))
    began = time.perf_counter()
    decided = settle_identity(url).decided
    return time.perf_counter() - began, decided


def _fill(url: str, coins: tuple[Coin, ...]) -> None:
    """Put the listings of both providers into the ledger at `url`, with their addresses and newest quotes."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        listed = list(_listings(coins))
        with cursor.copy("COPY listings (source, source_coin_id, symbol, name) FROM STDIN") as copy:
            for source, listing, _ in listed:
                copy.write_row((source, listing.id, listing.symbol, listing.name))
        found = cursor.execute("SELECT source, source_coin_id, listing_id FROM listings")
        ids = {(source, coin_id): listing_id for source, coin_id, listing_id in found}
        with cursor.copy("COPY listing_addresses (listing_id, chain, address, load_id) FROM STDIN") as copy:
            for source, listing, coin in listed:
                for chain, address in coin.contracts:
                    called = chain.gecko if source == "coingecko" else chain.paprika
                    if called is not None:
                        copy.write_row((ids[source, listing.id], called, address, 1))
        with cursor.copy(f"COPY latest_quotes ({_QUOTE}) FROM STDIN") as copy:
            for source, listing, coin in listed:
                # The providers differ by a thousandth.
                price = math.exp(coin.log_price) * (1.001 if source == "coingecko" else 1)
                cap = price * coin.circulating or None
                copy.write_row((ids[source, listing.id], 1, "2026-01-01Z", 1, False, "2026-01-01Z", source, "",
                                listing.id, listing.symbol, listing.name, price, cap))  # fmt: skip


def _listings(coins: tuple[Coin, ...]) -> Iterator[tuple[str, Listing, Coin]]:
    for coin in coins:
        if coin.gecko is not None:
            yield "coingecko", coin.gecko, coin
        if coin.paprika is not None:
            yield "coinpaprika", coin.paprika, coin


def _wrong(connection: psycopg.Connection[tuple[object, ...]], coins: tuple[Coin, ...]) -> int:
    """How many listings share an asset with another coin's."""
    truth = {("coingecko", coin.gecko.id): coin.index for coin in coins if coin.gecko}
    truth |= {("coinpaprika", coin.paprika.id): coin.index for coin in coins if coin.paprika}
    of_asset: dict[object, set[int]] = {}
    for asset, source, coin_id in connection.execute("SELECT asset_id, source, source_coin_id FROM listings"):
        of_asset.setdefault(asset, set()).add(truth[str(source), str(coin_id)])
    return sum(len(found) - 1 for found in of_asset.values())
