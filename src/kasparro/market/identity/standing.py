"""Where two listings stand in the market: whether their prices, caps and ranks can be one coin's."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from kasparro.market.identity.subject import Subject

BESIDE = timedelta(hours=2)
"""Quotes further apart in time than this aren't compared: a coin may have moved in between."""

_NEAR = 0.05
_FAR = 0.5
_CAPS_NEAR = 0.2
_CAPS_FAR = 0.9
"""Differences, as shares of the larger amount. Caps differ more than prices, since each source counts supply its own
way; a tenfold cap is another coin."""

FAMOUS = 500
"""Up to this rank a coin is ranked by every source that ranks coins at all."""


class Standing(StrEnum):
    """What prices say: the same coin in price and cap; the same price; neither here nor there; the same price, but
    only one is worth anything known, as with a copy; nothing, since there are none of the same time; two coins."""

    CONFIRMED = "confirmed"
    AGREES = "agrees"
    UNCLEAR = "unclear"
    ONE_SIDED = "one_sided"
    UNKNOWN = "unknown"
    DISAGREES = "disagrees"


def compare_standing(a: Subject, b: Subject) -> tuple[Standing, dict[str, Any]]:
    """What the newest quotes of `a` and `b` say, and the figures for a person to check."""
    if a.price_usd is None or b.price_usd is None or a.observed_at is None or b.observed_at is None:
        return Standing.UNKNOWN, {}
    if abs(a.observed_at - b.observed_at) > BESIDE:
        return Standing.UNKNOWN, {}
    price = _difference(a.price_usd, b.price_usd)
    cap = _difference(a.market_cap_usd, b.market_cap_usd)
    figures = {
        "prices_usd": [a.price_usd, b.price_usd],
        "price_difference": None if price is None else round(price, 4),
        "market_caps_usd": [a.market_cap_usd, b.market_cap_usd],
        "market_cap_difference": None if cap is None else round(cap, 4),
        "ranks": [a.rank, b.rank],
    }
    return _judge(price, cap, _apart(a.rank, b.rank), bool(a.market_cap_usd) != bool(b.market_cap_usd)), figures


def _judge(price: float | None, cap: float | None, ranks_apart: bool, one_sided: bool) -> Standing:
    if (price is not None and price > _FAR) or (cap is not None and cap > _CAPS_FAR):
        return Standing.DISAGREES
    if cap is None and ranks_apart:
        return Standing.DISAGREES
    if one_sided:
        return Standing.ONE_SIDED
    if price is None or price > _NEAR:
        return Standing.UNCLEAR
    return Standing.CONFIRMED if cap is not None and cap <= _CAPS_NEAR else Standing.AGREES


def _difference(a: float | None, b: float | None) -> float | None:
    """The difference as a share of the larger; None where one isn't known (0 is not known)."""
    return abs(a - b) / max(a, b) if a and b and a > 0 and b > 0 else None


def _apart(a: int | None, b: int | None) -> bool:
    """Whether one is a coin of rank and the other, though its source quotes it, nowhere near: a copied price."""
    if a is None and b is None:
        return False
    best = min(r for r in (a, b) if r is not None)
    worst = None if a is None or b is None else max(a, b)
    return best <= FAMOUS and (worst is None or worst > 10 * best + 1_000)
