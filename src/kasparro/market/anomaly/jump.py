"""Jumps: prices that moved farther than the listing ever does, or away from those of the other sources."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from kasparro.market.anomaly.anomaly import Anomaly, Evidence, Kind, Severity, duration, number, ratio
from kasparro.market.anomaly.history import CALMEST, LEAST_STEP, WILDEST, Floats, Rows
from kasparro.market.anomaly.page import QuotePage

JUMP = 16.0
"""Volatilities that make a jump. Returns have heavy tails, about those of Student's t with three degrees of freedom
(Cont, "Empirical properties of asset returns", Quantitative Finance 1, 2001), of which one in 2,700 lies beyond this.
With the bound `WILDEST` it means that four and a half times the price within an hour is a jump for any coin."""

LONE = 5.0
"""Volatilities that make a move worth comparing with the other sources."""

LONE_MOVE = 0.7
"""Log return (a factor of two) that makes any move worth it. Where quotes are a day apart, few faults are large beside
what a wild coin does by itself, but the other sources know."""

APART = 0.1
"""Log return by which prices have to part, at least, to be alone: sources differ by some percent without a fault."""

KNOWN_FOR = 3_600.0
"""Seconds around the quote in which another source must have looked, where there is no earlier observation."""


class _Moves(msgspec.Struct, frozen=True):
    """The prices that moved notably, by `rows`: from `before`, `seconds` ago, by the log return `move`, which is
    `score` times the `volatility` for that time.

    What the others say: `gap` is the distance of the `nearest` of them to the price, as log return, `gap_before` its
    distance to the price before (both NaN when none has looked since), and `slack` the distance that time explains.
    """

    rows: Rows
    before: Floats
    seconds: Floats
    move: Floats
    score: Floats
    volatility: Floats
    nearest: Floats
    gap: Floats
    gap_before: Floats
    slack: Floats


def jump_anomalies(page: QuotePage) -> list[Anomaly]:
    """JUMP and LONE_PRICE for the quotes of `page`, one at most for each.

    A jump that another source saw as well is a move of the market: info. Without another source it is a warning, and a
    price that moved alone is critical, from a third of the size on. A price without a past is alone when it is far
    from all others, by as much as would be a jump within an hour: a warning, since nobody knows who is right.
    """
    moves = _moves(page)
    notable = (moves.score > LONE) | (np.abs(moves.move) > LONE_MOVE)
    alone = notable & (moves.gap - moves.gap_before > np.maximum(moves.slack, APART))
    shared = (moves.gap < np.maximum(moves.slack, APART)) & (moves.gap_before > np.abs(moves.move) / 2)
    jumps = (moves.score > JUMP) & ~alone
    found = [_lone(page, moves, at) for at in np.flatnonzero(alone).tolist()]
    found += [_jump(page, moves, at, shared=bool(shared[at])) for at in np.flatnonzero(jumps).tolist()]
    return found + _newcomers(page)


def _moves(page: QuotePage) -> _Moves:
    history, price = page.history, page.price
    last, last_time = history.prices[:, -1], history.times[:, -1]
    good = (price > 0) & np.isfinite(price) & (last > 0)
    returns = np.log(np.where(good, price, 1.0)) - np.log(np.where(good, last, 1.0))
    seconds = np.maximum(page.observed_at - last_time, LEAST_STEP)
    # Nothing is taken for calmer than CALMEST, so most rows are done with here, and the others are few.
    least = np.minimum(LONE * CALMEST * np.sqrt(seconds), LONE_MOVE)
    rows = np.flatnonzero(good & (np.abs(returns) > least))
    volatility, _ = history.volatility(rows)
    move, seconds = returns[rows], seconds[rows]
    # After a wrong price the right one isn't a jump: the middle of the last three is asked as well.
    recent = history.prices[rows, -3:]
    recent = np.where(np.isfinite(recent), recent, last[rows, None])
    from_middle = np.log(price[rows]) - np.median(np.log(recent), axis=1)
    move = np.where(np.abs(from_middle) < np.abs(move), from_middle, move)
    before = np.exp(np.log(price[rows]) - move)
    others, times = page.other_prices[rows], page.other_times[rows]
    looked = times > last_time[rows, None]
    nearest, gap, slack = _others(page, rows, volatility, np.where(looked, others, np.nan))
    gap_before = np.abs(np.log(before) - np.log(nearest))
    return _Moves(
        rows, before, seconds, move, np.abs(move) / (volatility * np.sqrt(seconds)), volatility,
        nearest, gap, gap_before, slack,
    )  # fmt: skip


def _others(page: QuotePage, rows: Rows, volatility: Floats, prices: Floats) -> tuple[Floats, Floats, Floats]:
    """Of the other sources' `prices` for `rows` the nearest, how far it is away, and how far it may be by its time."""
    if not prices.shape[1] or not len(rows):
        unknown = np.full(len(rows), np.nan)
        return unknown, unknown, unknown
    usable = np.where((prices > 0) & np.isfinite(prices), prices, np.nan)
    gaps = np.abs(np.log(usable) - np.log(page.price[rows, None]))
    line, nearest = np.arange(len(rows)), np.argmin(np.where(np.isfinite(gaps), gaps, np.inf), axis=1)
    distance = np.abs(page.observed_at[rows] - page.other_times[rows][line, nearest])
    slack = LONE * volatility * np.sqrt(np.maximum(distance, LEAST_STEP))
    return usable[line, nearest], gaps[line, nearest], slack


def _newcomers(page: QuotePage) -> list[Anomaly]:
    price = page.price
    new: NDArray[np.bool_] = np.isnan(page.history.prices[:, -1]) & np.isfinite(price) & (price > 0)
    rows = np.flatnonzero(new)
    near = np.abs(page.other_times[rows] - page.observed_at[rows, None]) <= KNOWN_FOR
    wildest = np.full(len(rows), WILDEST)
    nearest, gap, _ = _others(page, rows, wildest, np.where(near, page.other_prices[rows], np.nan))
    found = []
    for at in np.flatnonzero(gap > JUMP * WILDEST * np.sqrt(KNOWN_FOR)).tolist():
        row, other = int(rows[at]), float(nearest[at])
        factor = _factor(ratio(float(price[row]), other))
        reason = (
            f"its first price is {number(price[row])}, where the nearest other source says {number(other)} ({factor})"
        )
        evidence: Evidence = {"price": float(price[row]), "nearest_other": other}
        found.append(Anomaly(Kind.LONE_PRICE, Severity.WARNING, page.subjects[row], reason, evidence))
    return found


def _lone(page: QuotePage, moves: _Moves, at: int) -> Anomaly:
    reason = f"{_told(page, moves, at)}, and the nearest other source says {number(moves.nearest[at])}"
    return Anomaly(
        Kind.LONE_PRICE, Severity.CRITICAL, page.subjects[moves.rows[at]], reason, _evidence(page, moves, at)
    )


def _jump(page: QuotePage, moves: _Moves, at: int, *, shared: bool) -> Anomaly:
    usual = f"{np.expm1(moves.volatility[at] * np.sqrt(moves.seconds[at])):.2%} are usual"
    reason = f"{_told(page, moves, at)}, where {usual}" + (", but other sources moved as well" if shared else "")
    severity = Severity.INFO if shared else Severity.WARNING
    return Anomaly(Kind.JUMP, severity, page.subjects[moves.rows[at]], reason, _evidence(page, moves, at))


def _told(page: QuotePage, moves: _Moves, at: int) -> str:
    before, now = float(moves.before[at]), float(page.price[moves.rows[at]])
    change = _factor(ratio(now, before))
    return f"the price went from {number(before)} to {number(now)} ({change}) in {duration(moves.seconds[at])}"


def _evidence(page: QuotePage, moves: _Moves, at: int) -> Evidence:
    nearest = float(moves.nearest[at])
    return {
        "price": float(page.price[moves.rows[at]]), "before": float(moves.before[at]),
        "seconds": round(float(moves.seconds[at])), "score": round(float(moves.score[at]), 1),
        "volatility_day_percent": round(float(moves.volatility[at]) * 86_400**0.5 * 100, 2),
        "nearest_other": nearest if np.isfinite(nearest) else None,
    }  # fmt: skip


def _factor(times: float) -> str:
    """`+12.00%` for small changes, `x 10` or `/ 1000` for large ones."""
    if 0.5 < times < 2:
        return f"{times - 1:+.2%}"
    return f"x {number(times)}" if times >= 2 else f"/ {number(1 / times)}"
