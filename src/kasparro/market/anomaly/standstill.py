"""Standstill: prices that don't move and clocks that don't advance, where they normally do."""

import numpy as np

from kasparro.market.anomaly.anomaly import Anomaly, Evidence, Kind, Severity, duration, number
from kasparro.market.anomaly.history import Floats, Rows, row_median
from kasparro.market.anomaly.normal import ENOUGH, LIMIT, MAD_TO_DEVIATION
from kasparro.market.anomaly.page import QuotePage

REPEATS = 6
"""Times that a price must be repeated to be frozen."""

FROZEN_FOR = 6 * 3_600.0
"""Seconds that a price must have stood: providers and small markets take breaks of some hours."""

FROZEN_MOVE = 0.01
"""Log return that the listing must normally make in the time it stood. A stablecoin makes less in a day, and may
stand still for as long as it likes."""

FROZEN_CHANCE = 1e-6
"""Probability of so many repetitions at the listing's own rate of them; small, since quiet hours come in clusters."""

STALE_FOR = 1_800.0
"""Seconds that a clock must have stood: providers cache for some minutes."""

STALE_SPREAD = 0.5
"""Least standard deviation of the log of the time between two observations, which allows for 5.8 times the usual."""


def frozen_anomalies(page: QuotePage) -> list[Anomaly]:
    """FROZEN_PRICE: the same price again and again, over a time in which the listing normally moves."""
    history = page.history
    rows = np.flatnonzero(history.prices[:, -1] == page.price)
    if not len(rows):
        return []
    prices, times, depth = history.prices[rows], history.times[rows], history.prices.shape[1]
    other = prices[:, ::-1] != page.price[rows, None]
    repeats = np.where(other.any(axis=1), other.argmax(axis=1), depth)
    seconds = page.observed_at[rows] - times[np.arange(len(rows)), depth - repeats]
    likely = (repeats >= REPEATS) & (repeats < depth) & (seconds >= FROZEN_FOR)
    rows, repeats, seconds, prices = rows[likely], repeats[likely], seconds[likely], prices[likely]
    _, volatility = history.volatility(rows)
    usual = volatility * np.sqrt(seconds)
    frozen = (usual > FROZEN_MOVE) & (repeats * np.log(_repeat_rate(prices, repeats)) < np.log(FROZEN_CHANCE))
    return [_frozen(page, rows[at], int(repeats[at]), seconds[at], usual[at]) for at in np.flatnonzero(frozen)]


def _repeat_rate(prices: Floats, repeats: Rows) -> Floats:
    """How often the price repeated itself before it stood: Laplace's estimate, which is neither 0 nor 1."""
    if not len(prices):
        return np.empty(0)
    steps = np.diff(prices, axis=1)
    before = np.arange(steps.shape[1]) < (prices.shape[1] - repeats)[:, None]
    seen = np.count_nonzero(np.isfinite(steps) & before, axis=1)
    same: Floats = (np.count_nonzero((steps == 0) & before, axis=1) + 1) / (seen + 2)
    return same


def _frozen(page: QuotePage, row: int, repeats: int, seconds: float, usual: float) -> Anomaly:
    reason = (
        f"the price has been {number(page.price[row])} for {duration(seconds)} and {repeats} repetitions, "
        f"a time in which it normally moves by {np.expm1(usual):.2%}"
    )
    evidence: Evidence = {
        "price": float(page.price[row]), "repeats": repeats, "seconds": round(float(seconds)),
        "usual_move_percent": round(float(np.expm1(usual)) * 100, 2),
    }  # fmt: skip
    return Anomaly(Kind.FROZEN_PRICE, Severity.WARNING, page.subjects[row], reason, evidence)


def stale_anomalies(page: QuotePage) -> list[Anomaly]:
    """STALE_CLOCK: the source was asked again, and its observation is older than the usual time between two of them."""
    age = page.fetched_at - page.observed_at
    rows = np.flatnonzero(age > STALE_FOR)
    if not len(rows):
        return []
    gaps = np.diff(page.history.times[rows], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(gaps > 0, np.log(gaps), np.nan)
    middle, count = row_median(logs)
    mad, _ = row_median(np.abs(logs - middle[:, None]))
    limit = np.exp(middle + LIMIT * np.maximum(MAD_TO_DEVIATION * mad, STALE_SPREAD))
    found = []
    for at in np.flatnonzero((count >= ENOUGH) & (age[rows] > limit)).tolist():
        row, usual = int(rows[at]), float(np.exp(middle[at]))
        reason = f"its clock has stood for {duration(age[row])}, where it advances every {duration(usual)}"
        evidence: Evidence = {
            "age_seconds": round(float(age[row])), "usual_seconds": round(usual),
            "limit_seconds": round(float(limit[at])),
        }  # fmt: skip
        found.append(Anomaly(Kind.STALE_CLOCK, Severity.WARNING, page.subjects[row], reason, evidence))
    return found
