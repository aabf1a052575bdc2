"""Numbers of many rows as floats, by place: good to look for what is worth a closer look at exact values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kasparro.market.row import Row

Numbers = NDArray[Any]
"""A table with the fields below.

Amounts (USD) that are unknown or not above zero are NaN; zero and infinity stand for what no float can hold. An unknown
rank is infinity. `observed_at` is in seconds since 1970 (UTC); `shown` says whether the quote isn't retracted.
"""

_FIELDS = np.dtype([
    ("shown", np.bool_), ("price_usd", np.float64), ("market_cap_usd", np.float64), ("observed_at", np.float64),
    ("rank", np.float64),
])  # fmt: skip


def numbers_of(rows: Sequence[Row]) -> Numbers:
    """The numbers of `rows`."""
    return np.array([_numbers(row) for row in rows], _FIELDS)


def numbers_after(numbers: Numbers, rows: Sequence[Row], changed: Sequence[int]) -> Numbers:
    """Those of `rows`, which differ from those that `numbers` are of at the places `changed`; new rows are among
    them, and come last."""
    after = np.empty(len(rows), _FIELDS)
    after[: len(numbers)] = numbers
    if changed:
        after[list(changed)] = numbers_of([rows[place] for place in changed])
    return after


def _numbers(row: Row) -> tuple[bool, float, float, float, float]:
    return (
        not row.retracted, _amount(row.price_usd), _amount(row.market_cap_usd), row.observed_at.timestamp(),
        np.inf if row.rank is None else row.rank,
    )  # fmt: skip


def _amount(value: Decimal | None) -> float:
    return float(value) if value is not None and value > 0 else np.nan
