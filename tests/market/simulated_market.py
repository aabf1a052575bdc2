"""A market that behaves like the real one: heavy tails, stablecoins, coins that nobody trades, several sources."""

from typing import Any

import msgspec
import numpy as np

from kasparro.market.anomaly.history import DAY, Floats, History
from kasparro.market.anomaly.page import QuotePage

HOUR = 3_600.0
NOW = 1_780_000_000.0
DEPTH = 50


def heavy_tailed(chance: np.random.Generator, deviation: Floats, shape: tuple[int, ...]) -> Floats:
    """Log returns after Student's t with three degrees of freedom, whose standard deviation is the square root of 3."""
    drawn: Floats = chance.standard_t(3, shape) * deviation / 3**0.5
    return drawn


def market(seed: int, listings: int, step: float = HOUR) -> QuotePage:
    """Normal quotes of so many listings, with a history of 50 observations `step` seconds apart.

    Of ten listings seven are volatile (3 to 100 % a day), one is a stablecoin, one is traded every third step and one
    every thirtieth. One observation in twenty is missing. Every second listing has another source, every tenth two.
    """
    chance = np.random.default_rng(seed)
    sort = np.arange(listings) % 10
    daily = np.where(sort == 7, 0.0005, np.exp(chance.uniform(np.log(0.03), np.log(1.0), listings)))
    times = NOW - step * np.arange(DEPTH, -1, -1.0) + chance.uniform(-0.05, 0.05, (listings, DEPTH + 1)) * step
    spread = daily[:, None] * np.sqrt(np.diff(times, axis=1) / DAY)
    returns = heavy_tailed(chance, spread, (listings, DEPTH))
    traded = np.choose(np.clip(sort - 7, 0, 2), [1.0, 1 / 3, 1 / 30])[:, None]
    returns[chance.random((listings, DEPTH)) > traded] = 0
    start = np.where(sort == 7, 1.0, np.exp(chance.uniform(np.log(1e-9), np.log(1e5), listings)))
    prices = start[:, None] * np.exp(np.hstack((np.zeros((listings, 1)), np.cumsum(returns, axis=1))))
    prices[sort == 7] = np.round(prices[sort == 7], 4)

    kept = chance.random((listings, DEPTH)) > 0.05
    rows, columns = np.nonzero(kept)
    price, at = prices[:, -1], times[:, -1]
    delay = chance.uniform(-300, 300, (listings, 2))
    apart = heavy_tailed(chance, daily[:, None] * np.sqrt(np.abs(delay) / DAY), (listings, 2))
    others = price[:, None] * np.exp(apart + chance.normal(0, 0.002, (listings, 2)))
    others[np.arange(listings) % 2 == 1, 0] = np.nan
    others[chance.random(listings) > 0.1, 1] = np.nan
    circulating = np.exp(chance.uniform(np.log(1e3), np.log(1e15), listings))
    day_ago = prices[:, -1 - round(DAY / step)] * np.exp(
        heavy_tailed(chance, daily * np.sqrt(chance.uniform(0, HOUR, listings) / DAY), (listings,))
    )
    return QuotePage(
        subjects=[f"sim/{row}" for row in range(listings)],
        observed_at=at,
        fetched_at=at + chance.uniform(0, 600, listings),
        price=price,
        market_cap=price * circulating * chance.normal(1, 0.01, listings),
        change_24h_percent=(price / day_ago - 1) * 100,
        circulating_supply=circulating,
        total_supply=circulating * chance.uniform(0.999, 2, listings),
        max_supply=np.where(sort < 5, np.nan, circulating * 3),
        history=History.of(listings, rows, times[rows, columns], prices[rows, columns], DEPTH),
        other_prices=others,
        other_times=at[:, None] + delay,
    )


def changed(page: QuotePage, **columns: Any) -> QuotePage:
    """`page` with other columns."""
    return msgspec.structs.replace(page, **columns)


def alone(page: QuotePage) -> QuotePage:
    """`page` without what other sources say."""
    nobody = np.empty((len(page.price), 0))
    return changed(page, other_prices=nobody, other_times=nobody)


def frozen(page: QuotePage, observations: int) -> QuotePage:
    """`page` where the last so many prices, and the newest one, are all that of the observation before them."""
    prices = page.history.prices.copy()
    stuck = prices[:, -observations - 1]
    prices[:, -observations:] = np.where(np.isfinite(prices[:, -observations:]), stuck[:, None], np.nan)
    return changed(page, price=stuck, history=History(page.history.times, prices))
