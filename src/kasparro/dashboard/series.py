"""Series: an asset's prices over time at all its sources, as the chart draws them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from starlette.exceptions import HTTPException

from kasparro.dashboard.asking import Members
from kasparro.dashboard.visit import Visit
from kasparro.store.series import MOST, Bar, ListingName, Rhythm, find_listing, read_bars, read_rhythm

RANGES = {
    "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90),
    "1y": timedelta(days=365), "all": None,
}  # fmt: skip
"""How far back a chart goes; None: to the first quote."""

_STEPS = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 240, 720, 1_440, 10_080, 43_200)]
_BARS = 420
"""About as many bars as a chart of usual width can tell apart."""
_LISTINGS = 6
_MISSED = 2.5
"""As many usual distances between two quotes as make a gap."""


async def series(visit: Visit) -> Members:
    """What the chart of one asset shows. Raises Refused for an asset that there isn't."""
    chosen = visit.request.query_params.get("range", "7d")
    if chosen not in RANGES:
        raise HTTPException(404)
    asset = await visit.api.get(f"/assets/{visit.named('asset')}")
    quoted = [one for one in asset["data"] if one["quote"]][:_LISTINGS]
    names = [ListingName(one["source"], one["dataset"] or "", one["crypto_id"]) for one in quoted]
    drawn: list[Members] = []
    async with visit.reader.connection() as connection:
        found = [await find_listing(connection, name) for name in names]
        rhythms = {listing: await read_rhythm(connection, listing) for listing in found if listing is not None}
        known = [rhythm for rhythm in rhythms.values() if rhythm is not None]
        start, end = reach(RANGES[chosen], known, visit.now)
        step = step_for(end - start, [one.pace for one in known if one.last >= start])
        for name, listing in zip(names, found, strict=True):
            rhythm = rhythms.get(listing) if listing is not None else None
            if listing is None or rhythm is None:
                continue
            bars = await read_bars(connection, listing, start=start, end=end, step=step)
            drawn.append(_told(name, bars, rhythm, step))
    return {"from": _seconds(start), "to": _seconds(end), "step": _seconds(step), "series": drawn}


def reach(length: timedelta | None, known: Sequence[Rhythm], now: datetime) -> tuple[datetime, datetime]:
    """From when to when the chart goes."""
    if length is not None:
        return now - length, now
    return min((one.first for one in known), default=now), max((one.last for one in known), default=now)


def step_for(length: timedelta, paces: Sequence[timedelta]) -> timedelta:
    """How long a bar is: neither more bars than can be told apart, nor many more than there are quotes."""
    least = max(length / _BARS, min(paces, default=timedelta(0)) * 0.75)
    return next((step for step in _STEPS if step >= least), _STEPS[-1])


def gaps(bars: Sequence[Bar], usual: timedelta) -> list[tuple[datetime, datetime]]:
    """Between which quotes some are missing, when they usually are so far apart."""
    return [
        (before.observed_at, after.observed_at)
        for before, after in pairwise(bars)
        if after.starts_at - before.starts_at > usual * _MISSED
    ]


def _told(name: ListingName, bars: Sequence[Bar], rhythm: Rhythm, step: timedelta) -> dict[str, Any]:
    usual = max(step, rhythm.pace)
    return {
        "source": name.source, "dataset": name.dataset or None, "crypto_id": name.crypto_id, "usual": _seconds(usual),
        "bars": [
            [_seconds(one.starts_at), one.open, one.high, one.low, one.close, one.volume, one.quote_id,
             _seconds(one.observed_at), one.quotes]
            for one in bars
        ],
        "gaps": [[_seconds(one), _seconds(other)] for one, other in gaps(bars, usual)],
        "cut": sum(bar.quotes for bar in bars) >= MOST,
    }  # fmt: skip


def _seconds(value: datetime | timedelta) -> int:
    return int(value.total_seconds() if isinstance(value, timedelta) else value.astimezone(UTC).timestamp())
