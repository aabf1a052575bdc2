"""The normal: what earlier figures of the same source lead one to expect, by robust statistics."""

from collections.abc import Sequence
from math import asin, exp, log, sin, sqrt

import msgspec
import numpy as np

ENOUGH = 5
"""Earlier figures that are needed to call anything normal."""

MAD_TO_DEVIATION = 1.4826
"""What turns a median absolute deviation into a standard deviation, for normally distributed figures."""

LIMIT = 3.5
"""The modified z-score from which a figure is an outlier: Iglewicz & Hoaglin, "How to Detect and Handle Outliers",
1993."""


class Normal(msgspec.Struct, frozen=True):
    """Where figures lie normally after `count` earlier ones: within `reach` of their `median`."""

    median: float
    reach: float
    count: int

    def score(self, value: float) -> float:
        """How far `value` is above the median; beyond 1 and -1 it is odd."""
        return (value - self.median) / self.reach

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest figure that isn't odd."""
        return self.median - self.reach, self.median + self.reach


def normal(earlier: Sequence[float], least: float) -> Normal | None:
    """What is normal after `earlier` figures; None when they are fewer than `ENOUGH`.

    `least` is the smallest standard deviation to believe in: after a constant history the MAD is zero, and any other
    figure would be infinitely odd.
    """
    count = len(earlier)
    if count < ENOUGH:
        return None
    middle = float(np.median(earlier))
    mad = float(np.median(np.abs(np.asarray(earlier) - middle)))
    # A MAD of few figures is often far too small: of five normally distributed ones every eighth next one lies beyond
    # 3.5. The factor, fitted to a simulation, keeps it near one in 200 from six figures on.
    few = 1 + 70 / count**2
    return Normal(middle, LIMIT * max(few * MAD_TO_DEVIATION * mad, least), count)


# Scales on which a figure's spread doesn't depend on its size (Anscombe, "The transformation of Poisson, binomial and
# negative-binomial data", Biometrika 35, 1948).


def of_count(count: float) -> float:
    """A count on a scale on which pure chance (Poisson) has a standard deviation of 1."""
    return 2 * sqrt(count + 3 / 8)


def to_count(scaled: float) -> float:
    """The count at `scaled`, the inverse of `of_count`."""
    return max(0.0, max(0.0, scaled) ** 2 / 4 - 3 / 8)


def of_share(part: int, whole: int) -> float:
    """A share on a scale on which pure chance (binomial) has a standard deviation of `1 / (2 * sqrt(whole))`."""
    return asin(sqrt((part + 3 / 8) / (whole + 3 / 4)))


def to_share(scaled: float, whole: int) -> float:
    """The share at `scaled`, the inverse of `of_share`."""
    bounded = min(max(scaled, 0.0), asin(1.0))
    return min(1.0, max(0.0, (sin(bounded) ** 2 * (whole + 3 / 4) - 3 / 8) / whole)) if whole else 0.0


def of_seconds(seconds: float) -> float:
    """A duration on a scale of factors; a second more or less doesn't count."""
    return log(seconds + 1)


def to_seconds(scaled: float) -> float:
    """The duration at `scaled`, the inverse of `of_seconds`."""
    return max(0.0, exp(scaled) - 1)
