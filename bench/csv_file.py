"""CSV files of any size: quotes of some coins, moment after moment, in the columns of Kasparro's own sample."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random

COINS = 500
_HEAD = (
    "id,symbol,name,price_usd,market_cap_usd,volume_24h_usd,change_24h_percent,rank,circulating_supply,"
    "total_supply,max_supply,last_updated\n"
)
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def write_csv(path: Path, *, coins: int = COINS, rows: int | None = None, megabytes: int | None = None) -> int:
    """Write a file of so many rows, or of so many megabytes or just above; the number of rows."""
    written = size = 0
    with path.open("w") as file:
        file.write(_HEAD)
        for row in islice(_rows(coins), rows):
            file.write(row)
            written, size = written + 1, size + len(row)
            if megabytes is not None and size >= megabytes * 1_000_000:
                break
    return written


def _rows(coins: int) -> Iterator[str]:
    draw = Random(1)
    for nth in count():
        moment = (_BEGIN + timedelta(minutes=10 * nth)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for coin in range(coins):
            price = draw.randrange(1, 10**9) / 10 ** (coin % 9)
            supply = (coin + 1) * 1_000_003
            yield (
                f"coin-{coin},c{coin},Coin {coin},{price:.8f},{price * supply:.2f},{price * supply / 50:.0f},"
                f"{draw.randrange(-9999, 9999) / 1000},{coin + 1},{supply},{supply * 2},,{moment}\n"
            )
