"""CoinPaprika's `/tickers/{id}/historical` and what each plan may see of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from kasparro.sandbox.answers import Answer, counted, document
from kasparro.sandbox.clock import seconds_text
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market
from kasparro.sandbox.noise import DAY
from kasparro.sandbox.numerals import go, whole

_MINUTES = {f"{count}m": count * 60 for count in (5, 10, 15, 30, 45)}
_HOURS = {f"{count}h": count * 3_600 for count in (1, 2, 3, 6, 12)}
_DAYS = {"24h": DAY, **{f"{count}d": count * DAY for count in (1, 7, 14, 30, 90, 365)}}
_INTERVALS = _MINUTES | _HOURS | _DAYS
_LARGEST_LIMIT = 5_000


def historical(
    market: Market, coin: Coin, query: Mapping[str, str], now: float, rate: float | None, *, paid: bool
) -> Answer:
    """Ticks from `start` (required) up to `end` (default now, exclusive), one per `interval` (default 5m).

    `rate` is units of the quote per US dollar, None if the quote isn't one of usd and btc. A free plan sees
    days of one year, hours of one day and no minutes; more is a 402.
    """
    interval = query.get("interval", "5m")
    start = _moment(query.get("start", ""))
    end = _moment(query["end"]) if query.get("end") else now
    limit = counted(query.get("limit", "1000"), 1, _LARGEST_LIMIT)
    if interval not in _INTERVALS or start is None or end is None or limit is None or rate is None:
        return document({"error": "invalid parameters"}, 400)
    earliest = _earliest(interval, now)
    if not paid and start < earliest:
        return document({"error": _refusal(earliest)}, 402)
    step = _INTERVALS[interval]
    first = -int(-max(start, coin.since) // step) * step
    marks = range(first, int(-(-min(end, now) // 1)), step)[:limit]
    ticks = ",".join(_tick(market, coin, mark, rate) for mark in marks)
    return Answer(200, f"[{ticks}]".encode(), volatile=True)


def _tick(market: Market, coin: Coin, mark: int, rate: float) -> str:
    price = market.price(coin, mark) * rate
    return (
        f'{{"timestamp":"{seconds_text(mark)}","price":{go(price, 15)},'
        f'"volume_24h":{whole(market.volume(coin, mark) * rate)},'
        f'"market_cap":{whole(price * coin.circulating)}}}'
    )


def _earliest(interval: str, now: float) -> float:
    """The earliest start that the free plan may ask for; nothing is early enough for minutes."""
    if interval in _DAYS:
        return now - 366 * DAY
    return now - DAY - 60 if interval in _HOURS else now


def _refusal(earliest: float) -> str:
    text = datetime.fromtimestamp(earliest, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return (
        f"Getting historical OHLCV data before {text}000 +0000 UTC is not allowed in this plan."
        " Check plans on coinpaprika.com/api"
    )


def _moment(text: str) -> float | None:
    """Unix seconds of a date, an RFC 3339 moment or Unix seconds; None if it is none of them."""
    if text.isdecimal():
        return float(text) if len(text) < 12 else None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
