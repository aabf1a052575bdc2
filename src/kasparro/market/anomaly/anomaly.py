"""The anomaly: something that deserves a look, with its reason and evidence."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What is odd. The codes are part of the ledger: add, never rename."""

    FEWER_RECORDS = "fewer_records"
    MORE_RECORDS = "more_records"
    SLOW = "slow"
    MORE_REJECTED = "more_rejected"
    MORE_NULLS = "more_nulls"

    JUMP = "jump"
    LONE_PRICE = "lone_price"
    FROZEN_PRICE = "frozen_price"
    STALE_CLOCK = "stale_clock"
    NOT_POSITIVE = "not_positive"
    MARKET_CAP_MISMATCH = "market_cap_mismatch"
    SUPPLY_ABOVE_TOTAL = "supply_above_total"
    SUPPLY_ABOVE_MAX = "supply_above_max"
    CHANGE_MISMATCH = "change_mismatch"


LASTING = frozenset(
    {
        Kind.FROZEN_PRICE, Kind.STALE_CLOCK, Kind.NOT_POSITIVE, Kind.MARKET_CAP_MISMATCH, Kind.SUPPLY_ABOVE_TOTAL,
        Kind.SUPPLY_ABOVE_MAX,
    }
)  # fmt: skip
"""Kinds that are states: found again with every quote until the listing changes, so they are worth telling once."""


class Severity(StrEnum):
    """How much it matters: worth knowing, worth a look, most likely wrong data."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


Evidence = dict[str, str | int | float | None]
"""Numbers behind a judgement, as JSON knows them: never NaN, never infinite."""


class Anomaly(msgspec.Struct, frozen=True):
    """One thing that is odd about `subject`: a source for a step, a listing for a quote.

    `reason` is one sentence for a person. `evidence` holds the numbers behind it, as JSON knows them; they are floats,
    good to judge by, and never a replacement for the exact amounts in the ledger.
    """

    kind: Kind
    severity: Severity
    subject: str
    reason: str
    evidence: Evidence


def ratio(one: float, other: float) -> float:
    """`one` divided by `other`, both above zero, within what JSON and people can take."""
    return min(max(one / other, 1e-300), 1e300)


def number(value: float) -> str:
    """`value` as a person reads it, four digits long: `61,330`, `0.0001234`, `1.5e+15`."""
    if 1e4 <= abs(value) < 1e12:
        return f"{float(f'{value:.4g}'):,.0f}"
    return f"{value:.4g}"


def duration(seconds: float) -> str:
    """`seconds` as a person reads them: `45 s`, `5 min`, `3 h`, `2 days`."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.95 * size:
            return (
                f"{float(f'{seconds / size:.2g}'):g} {unit}"
                if seconds < 100 * size
                else f"{seconds / size:,.0f} {unit}"
            )
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
