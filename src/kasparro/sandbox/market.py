"""The one market behind both providers: prices, caps and ranks at any moment.

Everything is a pure function of (seed, coin, moment); what is remembered here is remembered for speed only.
"""

from enum import IntEnum
from functools import lru_cache
from math import exp

from kasparro.sandbox.coins import Coin, Universe
from kasparro.sandbox.noise import SWING, Instant, Noise, mix

_TIDE = 0x3B1F_A5E9_771C_0D42_86E1
_HOUR = 3_600


class Side(IntEnum):
    """Which provider looks at the market."""

    GECKO = 0
    PAPRIKA = 1


class Ranking:
    """One provider's coins by market cap at one moment; `rank` has no coin of unknown cap."""

    def __init__(self, coins: tuple[Coin, ...], caps: dict[int, float]) -> None:
        self.coins = tuple(sorted(coins, key=lambda coin: (-caps[coin.index], coin.index)))
        self.rank = {coin.index: place for place, coin in enumerate(self.coins, start=1) if caps[coin.index] > 0.0}


class Market:
    """The synthetic market. Moments are Unix seconds, prices and caps are USD."""

    def __init__(self, seed: int, universe: Universe, tick_seconds: int) -> None:
        self.universe = universe
        self.tick_seconds = tick_seconds
        self._noise = Noise(seed)
        self._instant = lru_cache(maxsize=8_192)(self._new_instant)
        self.ranking = lru_cache(maxsize=8)(self._new_ranking)
        self._caps = lru_cache(maxsize=4)(self._new_caps)

    def tick(self, now: float) -> int:
        """The moment of the tick that `now` falls in."""
        return int(now // self.tick_seconds) * self.tick_seconds

    def price(self, coin: Coin, moment: float) -> float:
        """The true price, that no provider shows exactly; it is the same all through one second."""
        instant, tide = self._instant(int(moment))
        return exp(coin.log_price + coin.volatility * instant.level(coin.key) + coin.beta * tide)

    def high_and_low(self, coin: Coin) -> tuple[float, float]:
        """Prices that the coin's path can never leave: its all-time high and low."""
        reach = (coin.volatility + coin.beta) * SWING
        return exp(coin.log_price + reach), exp(coin.log_price - reach)

    def seen(self, coin: Coin, side: Side, tick: int) -> float:
        """When the provider last looked at the coin: seconds ago for most, hours ago for one in a hundred."""
        noise = mix(coin.traits, coin.index, side)
        if coin.chance(0) < 0.01:
            period = (2 + noise % 9) * _HOUR
            return (tick - noise % period) // period * period + noise % period
        return tick - 3.0 - mix(noise, tick) % 90_000 / 1_000

    def quoted(self, coin: Coin, side: Side, seen: float) -> float:
        """The price as the provider quotes it: within a tenth of a percent of the true one."""
        wobble = mix(coin.traits, coin.index, side, int(seen)) % 2_001 / 1_000_000 - 0.001
        return self.price(coin, seen) * (1.0 + wobble)

    def volume(self, coin: Coin, moment: float) -> float:
        """What changed hands within the 24 hours before, in USD."""
        cap = coin.circulating * self.price(coin, moment) or 50_000.0
        hour = int(moment // _HOUR)
        return cap * coin.turnover * (0.8 + mix(coin.traits, coin.index, hour) % 4_001 / 10_000)

    def day_range(self, coin: Coin, seen: float, price: float) -> tuple[float, float]:
        """The highest and lowest price of the 24 hours before; `price` is within."""
        hour = int(seen // _HOUR)
        samples = [self.price(coin, (hour - back) * _HOUR) for back in range(0, 24, 4)]
        return max(*samples, price), min(*samples, price)

    def change(self, coin: Coin, seen: float, price: float, seconds: int) -> float:
        """By how many percent `price` differs from the price so many seconds before `seen`."""
        return (price / self.price(coin, seen - seconds) - 1.0) * 100.0

    def _new_instant(self, moment: int) -> tuple[Instant, float]:
        instant = self._noise.at(moment)
        return instant, instant.level(_TIDE)

    def _new_caps(self, tick: int) -> dict[int, float]:
        return {
            coin.index: coin.circulating * self.price(coin, tick) if coin.circulating else 0.0
            for coin in self.universe.coins
        }

    def _new_ranking(self, side: Side, tick: int) -> Ranking:
        coins = self.universe.gecko if side is Side.GECKO else self.universe.paprika
        return Ranking(coins, self._caps(tick))
