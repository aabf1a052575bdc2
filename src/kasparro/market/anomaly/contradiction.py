"""Contradictions: amounts of a quote that can't be true together, or not together with its own history."""

import numpy as np

from kasparro.market.anomaly.anomaly import Anomaly, Evidence, Kind, Severity, number, ratio
from kasparro.market.anomaly.history import DAY, Floats
from kasparro.market.anomaly.page import QuotePage

CAP_TOLERANCE = 0.1
"""Log of the factor by which a market cap may differ from price times circulating supply. In pages of the largest
coins none differs by more than 2 %."""

CAP_WRONG = 0.7
"""Log of a factor of two, from where one of the three most likely is wrong."""

SUPPLY_TOLERANCE = 0.01
"""Share by which a supply may exceed another: of 100 large coins 4 to 9 exceed their total by rounding, or because the
two were counted at other moments, and most by less than 0.1 %."""

CHANGE_TOLERANCE = 0.1
"""Log return by which a change in 24 hours may differ from the history at any volatility."""

CHANGE_LIMIT = 12.0
"""Volatilities by which it may differ; less than for a jump, as the ends of two periods only overlap in part."""

NEAR_A_DAY = 5_400.0
"""Seconds around 24 hours ago in which an observation serves for a comparison."""

CHANGE_SLACK = 3_600.0
"""Seconds by which a source's own 24 hours may be off: they often begin at an hour's or a candle's end."""


def price_anomalies(page: QuotePage) -> list[Anomaly]:
    """NOT_POSITIVE: negative prices, and zero, which is worse for a listing that had a price."""
    found = []
    for row in np.flatnonzero(np.isfinite(page.price) & (page.price <= 0)).tolist():
        price, last = float(page.price[row]), float(page.history.prices[row, -1])
        had = np.isfinite(last)
        severity = Severity.CRITICAL if price < 0 else Severity.WARNING if had else Severity.INFO
        reason = f"the price is {number(price)}" + (f", it was {number(last)}" if had else "")
        evidence: Evidence = {"price": price, "before": last if had else None}
        found.append(Anomaly(Kind.NOT_POSITIVE, severity, page.subjects[row], reason, evidence))
    return found


def market_cap_anomalies(page: QuotePage) -> list[Anomaly]:
    """MARKET_CAP_MISMATCH: the market cap isn't the price times the circulating supply. Zero counts as unknown."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        expected = page.price * page.circulating_supply
        gap = np.abs(np.log(page.market_cap) - np.log(expected))
    found = []
    for row in np.flatnonzero(np.isfinite(gap) & (gap > CAP_TOLERANCE)).tolist():
        cap, product = float(page.market_cap[row]), float(expected[row])
        reason = f"the market cap is {number(cap)}, price times circulating supply {number(product)}"
        evidence: Evidence = {
            "market_cap": cap, "price": float(page.price[row]),
            "circulating_supply": float(page.circulating_supply[row]), "factor": float(f"{ratio(cap, product):.4g}"),
        }  # fmt: skip
        severity = Severity.WARNING if gap[row] > CAP_WRONG else Severity.INFO
        found.append(Anomaly(Kind.MARKET_CAP_MISMATCH, severity, page.subjects[row], reason, evidence))
    return found


def supply_anomalies(page: QuotePage) -> list[Anomaly]:
    """SUPPLY_ABOVE_TOTAL and SUPPLY_ABOVE_MAX: more circulates than there is, or may ever be. Zero is unknown."""
    return [
        *_above(page, Kind.SUPPLY_ABOVE_TOTAL, "total", page.total_supply),
        *_above(page, Kind.SUPPLY_ABOVE_MAX, "maximal", page.max_supply),
    ]


def _above(page: QuotePage, kind: Kind, name: str, bound: Floats) -> list[Anomaly]:
    found = []
    supplies = np.where(np.isfinite(page.circulating_supply), page.circulating_supply, np.nan)
    for row in np.flatnonzero((bound > 0) & (supplies / (1 + SUPPLY_TOLERANCE) > bound)).tolist():
        supply, most = float(page.circulating_supply[row]), float(bound[row])
        reason = (
            f"{number(supply)} coins circulate, {number(ratio(supply, most))} times the {name} supply of {number(most)}"
        )
        evidence: Evidence = {"circulating_supply": supply, f"{name}_supply": most}
        found.append(Anomaly(kind, Severity.INFO, page.subjects[row], reason, evidence))
    return found


def change_anomalies(page: QuotePage) -> list[Anomaly]:
    """CHANGE_MISMATCH: the change in 24 hours that the source tells isn't that of its own prices.

    All observations around 24 hours ago are compared, and the nearest counts, so that one wrong price among them does
    no harm. A change of less than -100 % is wrong without any history.
    """
    change, price, history = page.change_24h_percent, page.price, page.history
    found = [_change(page, row, None) for row in np.flatnonzero(np.isfinite(change) & (change < -100)).tolist()]
    rows = np.flatnonzero((change > -100) & np.isfinite(change) & (price > 0) & np.isfinite(price))
    with np.errstate(invalid="ignore"):
        off = np.abs(history.times[rows] - (page.observed_at[rows, None] - DAY))
        near = off <= NEAR_A_DAY
    rows, off, near = rows[near.any(axis=1)], off[near.any(axis=1)], near[near.any(axis=1)]
    told = np.log1p(change[rows] / 100)
    gaps = np.where(near, np.abs(np.log(price[rows, None]) - np.log(history.prices[rows]) - told[:, None]), np.inf)
    suspects = np.flatnonzero((gaps > CHANGE_TOLERANCE).all(axis=1))
    rows, off, gaps = rows[suspects], off[suspects], gaps[suspects]
    volatility, _ = history.volatility(rows)
    slack = CHANGE_LIMIT * volatility[:, None] * np.sqrt(np.where(np.isfinite(gaps), off, 0) + CHANGE_SLACK)
    for at in np.flatnonzero((gaps > slack).all(axis=1)).tolist():
        then = float(history.prices[rows[at], np.argmin(gaps[at])])
        found.append(_change(page, int(rows[at]), then))
    return found


def _change(page: QuotePage, row: int, then: float | None) -> Anomaly:
    told = float(page.change_24h_percent[row])
    evidence: Evidence = {"change_24h_percent": told, "price_24h_ago": then}
    if then is None:
        reason = f"the price is said to have changed by {number(told)} % in 24 hours, which no price can"
    else:
        own = (ratio(float(page.price[row]), then) - 1) * 100
        evidence["own_change_percent"] = float(f"{own:.6g}")
        reason = (
            f"the price is said to have changed by {number(told)} % in 24 hours, by its history it was {number(own)} %"
        )
    return Anomaly(Kind.CHANGE_MISMATCH, Severity.WARNING, page.subjects[row], reason, evidence)
