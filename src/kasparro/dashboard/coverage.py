"""Coverage: the days of each source as a heat map."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from kasparro.dashboard.asking import Members

_LEVELS = 4


class Cell(NamedTuple):
    """One day of one source: how much came, from 0 (nothing) to 4, and the entry itself, if there is one."""

    day: date
    level: int
    entry: Members | None


def heat(coverage: Members, sources: tuple[str, ...]) -> dict[str, list[Cell]]:
    """The days of each source, the oldest first; what is much is told by the source's own best day."""
    today = date.fromisoformat(coverage["today"])
    days = [today - timedelta(days=back) for back in reversed(range(coverage["days"]))]
    entries: dict[tuple[str, str], Members] = {(one["source"], one["day"]): one for one in coverage["data"]}
    rows = {}
    for source in sources:
        mine = [entries.get((source, day.isoformat())) for day in days]
        most = max((one["seen"] for one in mine if one), default=0)
        rows[source] = [Cell(day, _level(one, most), one) for day, one in zip(days, mine, strict=True)]
    return rows


def total(coverage: Members) -> dict[str, Any]:
    """The records of today, from all sources."""
    these = [one for one in coverage["data"] if one["day"] == coverage["today"]]
    return {name: sum(one[name] for one in these) for name in ("seen", "new", "unchanged", "rejected")}


def _level(entry: Members | None, most: int) -> int:
    if entry is None or not entry["seen"]:
        return 0
    seen: int = entry["seen"]
    return max(1, round(_LEVELS * seen / most))
