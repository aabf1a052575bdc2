"""What is odd about a step of a run, against the recent steps of the same source."""

from collections.abc import Callable, Sequence
from math import sqrt

import msgspec

from kasparro.market.anomaly.anomaly import Anomaly, Evidence, Kind, Severity, duration, number
from kasparro.market.anomaly.normal import (
    Normal,
    normal,
    of_count,
    of_seconds,
    of_share,
    to_count,
    to_seconds,
    to_share,
)

_LEAST_COUNT = 1.0
"""Pure chance on the scale of counts."""

_LEAST_DURATION = 0.2
"""On the scale of factors: networks and providers make the same work 20 % slower or faster any day."""

_LEAST_NULLS = 0.01
"""On the scale of shares. Nulls don't come by chance: a few new coins without data move many of them at once."""


class StepFigures(msgspec.Struct, frozen=True):
    """What one step did: records `seen` and `rejected`, its `seconds`, and how many of the `values` of its quotes (one
    a quote and field that may be unknown) were `nulls`."""

    seen: int
    rejected: int
    seconds: float
    nulls: int
    values: int


def step_anomalies(source: str, step: StepFigures, earlier: Sequence[StepFigures]) -> list[Anomaly]:
    """What is odd about `step` of `source`, given `earlier` steps, newest or oldest first.

    The earlier steps should be comparable ones, some 10 to 50: of the same source and streams, and neither failed nor
    interrupted. Nothing is odd before there are five.
    """
    checks = (_records, _duration, _rejections, _nulls)
    return [found for check in checks if (found := check(source, step, earlier)) is not None]


def _records(source: str, step: StepFigures, earlier: Sequence[StepFigures]) -> Anomaly | None:
    usual = normal([of_count(each.seen) for each in earlier], _LEAST_COUNT)
    if usual is None:
        return None
    score = usual.score(of_count(step.seen))
    vanished = step.seen == 0 and all(each.seen for each in earlier)
    if abs(score) <= 1 and not vanished:
        return None
    low, high = _ends(usual, to_count)
    middle = to_count(usual.median)
    kind, severity = Kind.MORE_RECORDS, Severity.INFO
    if score < 0:
        kind, severity = Kind.FEWER_RECORDS, Severity.CRITICAL if step.seen < middle / 2 else Severity.WARNING
    reason = f"{number(step.seen)} records, where {number(low)} to {number(high)} are normal"
    return Anomaly(kind, severity, source, reason, _evidence(usual, score, step.seen, middle, (low, high)))


def _duration(source: str, step: StepFigures, earlier: Sequence[StepFigures]) -> Anomaly | None:
    """Only slow steps are odd: a quick one either did well, or has few records, which is told by itself."""
    usual = normal([of_seconds(each.seconds) for each in earlier], _LEAST_DURATION)
    if usual is None or (score := usual.score(of_seconds(step.seconds))) <= 1:
        return None
    low, high = _ends(usual, to_seconds)
    middle = to_seconds(usual.median)
    reason = f"it took {duration(step.seconds)}, where {duration(middle)} are usual and {duration(high)} still normal"
    evidence = _evidence(usual, score, step.seconds, middle, (low, high))
    return Anomaly(Kind.SLOW, Severity.WARNING, source, reason, evidence)


def _rejections(source: str, step: StepFigures, earlier: Sequence[StepFigures]) -> Anomaly | None:
    past = [(each.rejected, each.seen) for each in earlier if each.seen]
    return _share(Kind.MORE_REJECTED, "records were rejected", source, (step.rejected, step.seen), past, 0.0)


def _nulls(source: str, step: StepFigures, earlier: Sequence[StepFigures]) -> Anomaly | None:
    past = [(each.nulls, each.values) for each in earlier if each.values]
    return _share(Kind.MORE_NULLS, "values are unknown", source, (step.nulls, step.values), past, _LEAST_NULLS)


def _share(
    kind: Kind, what: str, source: str, now: tuple[int, int], past: Sequence[tuple[int, int]], least: float
) -> Anomaly | None:
    """The anomaly that a share has grown. Shares of few records vary more by chance, and so may the earlier ones."""
    part, whole = now
    if not whole or not past:
        return None
    by_chance = 1 / (2 * sqrt(min(whole, *(each for _, each in past))))
    usual = normal([of_share(*each) for each in past], max(by_chance, least))
    if usual is None or (score := usual.score(of_share(part, whole))) <= 1:
        return None
    low, high = _ends(usual, lambda scaled: to_share(scaled, whole))
    middle = to_share(usual.median, whole)
    share = part / whole
    severity = Severity.CRITICAL if share >= 0.5 else Severity.WARNING if share >= 0.01 else Severity.INFO
    reason = f"{share:.2%} of the {what}, where {middle:.2%} are usual and {high:.2%} still normal"
    return Anomaly(kind, severity, source, reason, _evidence(usual, score, share, middle, (low, high)))


def _ends(usual: Normal, back: Callable[[float], float]) -> tuple[float, float]:
    low, high = usual.range
    return back(low), back(high)


def _evidence(usual: Normal, score: float, value: float, middle: float, ends: tuple[float, float]) -> Evidence:
    """The figure, what is normal for it, and its distance from the usual, of which up to 1 is normal."""
    return {
        "value": round(value, 6), "usual": round(middle, 6), "normal_from": round(ends[0], 6),
        "normal_to": round(ends[1], 6), "score": round(score, 2),
        "earlier": usual.count,
    }  # fmt: skip
