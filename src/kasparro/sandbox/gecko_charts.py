"""CoinGecko's charts: `/coins/{id}/market_chart` and `/coins/{id}/ohlc`."""

from kasparro.sandbox.answers import Answer
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market
from kasparro.sandbox.noise import DAY, mix
from kasparro.sandbox.numerals import ruby

_HOUR = 3_600
OHLC_DAYS = (1, 7, 14, 30, 90, 180, 365)


def _step(days: int, daily: bool) -> int:
    """Seconds between points: 5 minutes for one day, hours to 90 days, days beyond (CoinGecko's choice)."""
    if daily or days > 90:
        return DAY
    return 300 if days == 1 else _HOUR


def market_chart(market: Market, coin: Coin, now: float, *, days: int, daily: bool, rate: float) -> Answer:
    """Prices, caps and volumes of the last `days`, in a currency of `rate` units per US dollar.

    Hourly points are up to 40 s off the hour and the last is now. Time stamps are Unix milliseconds.
    """
    step = _step(days, daily)
    last = int(now // step) * step
    first = max(last - days * DAY, coin.since)
    moments = [_off_the_hour(coin, mark, step) for mark in range(first + step, last + 1, step)]
    if not moments or now * 1000 > moments[-1]:
        moments.append(int(now * 1000))
    prices = [(stamp, market.price(coin, stamp // 1000) * rate) for stamp in moments]
    caps = [
        f"[{stamp},{ruby(price * coin.circulating, 17) if coin.circulating else 'null'}]" for stamp, price in prices
    ]
    volumes = [f"[{stamp},{ruby(market.volume(coin, stamp // 1000) * rate, 17)}]" for stamp in moments]
    series = {
        "prices": [f"[{stamp},{ruby(price, 17)}]" for stamp, price in prices],
        "market_caps": caps,
        "total_volumes": volumes,
    }
    body = ",".join(f'"{name}":[{",".join(points)}]' for name, points in series.items())
    return Answer(200, f"{{{body}}}".encode(), volatile=True)


def _off_the_hour(coin: Coin, mark: int, step: int) -> int:
    if step == DAY:
        return mark * 1000
    late = mix(coin.index, mark) % (40_000 if step == _HOUR else 9_000)
    return mark * 1000 + late - 40_000 if step == _HOUR else mark * 1000 - late


def ohlc(market: Market, coin: Coin, now: float, days: int, rate: float) -> Answer:
    """Candles `[close time in ms, open, high, low, close]`: 30 min, 4 hours (7 days), 4 days (90 days)."""
    body = _HOUR // 2 if days == 1 else 4 * _HOUR if days <= 30 else 4 * DAY
    last = int(now // body) * body
    candles = []
    for close in range(last - (days * DAY // body - 1) * body, last + 1, body):
        path = [market.price(coin, close - body + body * part // 4) * rate for part in range(5)]
        texts = (path[0], max(path), min(path), path[-1])
        candles.append(f"[{close * 1000},{','.join(ruby(value, 6) for value in texts)}]")
    return Answer(200, f"[{','.join(candles)}]".encode(), volatile=True)
