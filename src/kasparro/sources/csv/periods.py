"""Candle periods: `1m`, `1h`, `1d`, `1w`, `1mo`."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

MONTH = "1mo"

LENGTHS = {
    **{f"{n}m": timedelta(minutes=n) for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": timedelta(hours=n) for n in (1, 2, 3, 4, 6, 8, 12)},
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "1w": timedelta(weeks=1),
}
"""Periods of a fixed length. A month is the only other one."""

NAMES = (*LENGTHS, MONTH)
DAY = "1d"

_BY_LENGTH = {length: name for name, length in LENGTHS.items()}
_WORDS = {
    "minute": "1m",
    "min": "1m",
    "h": "1h",
    "hour": "1h",
    "hourly": "1h",
    "d": "1d",
    "day": "1d",
    "daily": "1d",
    "24h": "1d",
    "w": "1w",
    "week": "1w",
    "weekly": "1w",
    "7d": "1w",
    "month": MONTH,
    "monthly": MONTH,
}
_MINUTES = {str(int(length.total_seconds()) // 60): name for name, length in LENGTHS.items()}


def from_word(word: str) -> str:
    """The period that a word of a file's name says (`1h`, `d`, `daily`, `1M`), or nothing."""
    if word == "1M":
        return MONTH
    lower = word.lower()
    return lower if lower in NAMES else _WORDS.get(lower, "")


def from_minutes(word: str) -> str:
    """The period of Kraken's suffix in minutes (`1440`), or nothing."""
    return _MINUTES.get(word, "")


def spacing(moments: Sequence[datetime]) -> tuple[str, timedelta | None]:
    """The period that most neighbours keep, or nothing, and the smallest distance between neighbours."""
    gaps = Counter(abs(b - a) for a, b in pairwise(moments) if a != b)
    if not gaps:
        return "", None
    usual = gaps.most_common(1)[0][0]
    if timedelta(days=28) <= usual <= timedelta(days=31):
        return MONTH, min(gaps)
    return _BY_LENGTH.get(usual, ""), min(gaps)


def least(period: str) -> timedelta:
    """The shortest that a period can be."""
    return LENGTHS.get(period, timedelta(days=28))


def closes(period: str) -> Callable[[datetime], datetime]:
    """From the moment a candle opens to the moment it closes. Raises OverflowError past the year 9999."""
    if period == MONTH:
        return _next_month
    length = LENGTHS[period]
    return lambda opened: opened + length


def _next_month(opened: datetime) -> datetime:
    if opened.year == 9999 and opened.month == 12:
        raise OverflowError("past the year 9999")
    first = opened.replace(day=1) + timedelta(days=31)
    return first.replace(day=min(opened.day, _days(first)))


def _days(moment: datetime) -> int:
    return ((moment.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
