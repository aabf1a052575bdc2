"""The market's clock: it runs with ours, or stands still where it was put."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Tells the market's time in Unix seconds; `wall` is where running time comes from."""

    def __init__(self, frozen_at: datetime | None = None, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._still: float | None = None
        self.move(frozen_at)

    def move(self, at: datetime | None) -> None:
        """Stand still at `at` (with a time zone), or run again with ours."""
        self._still = None if at is None else at.timestamp()

    def now(self) -> float:
        return self._wall() if self._still is None else self._still

    @property
    def frozen(self) -> bool:
        return self._still is not None

    def month(self) -> str:
        """The calendar month in UTC, as quotas are counted."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m")


def seconds_text(moment: float) -> str:
    """RFC 3339 in UTC to the second, as CoinPaprika writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis_text(moment: float) -> str:
    """RFC 3339 in UTC to the millisecond, as CoinGecko writes it."""
    whole, part = divmod(round(moment * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{part:03d}Z"
