"""Smooth seeded paths, the stuff the synthetic market is made of.

Pure functions of a seed, a key and a moment: no state, so that any two processes agree and any past moment
can be asked for in any order.
"""

from functools import lru_cache
from random import Random

DAY = 86_400
_SIZE = 1 << 16
_MASK = _SIZE - 1
_WORD = (1 << 64) - 1

# (spacing in seconds, swing). Slow octaves swing most, as prices do: minutes tremble, months carry away.
OCTAVES = ((300, 0.0012), (7_200, 0.006), (DAY, 0.02), (12 * DAY, 0.07), (150 * DAY, 0.30))
SWING = sum(swing for _, swing in OCTAVES)
KEY_BITS = 16 * len(OCTAVES)


def mix(*parts: int) -> int:
    """Sixty-four well-mixed bits of some whole numbers (the splitmix64 finaliser)."""
    word = 0x9E3779B97F4A7C15
    for part in parts:
        word = (word ^ part) * 0xBF58476D1CE4E5B9 & _WORD
        word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
        word ^= word >> 31
    return word


class Instant:
    """One moment on all octaves at once: what is the same for every coin is worked out only here."""

    __slots__ = ("_places", "_table")

    def __init__(self, table: tuple[float, ...], moment: float) -> None:
        self._table = table
        places = []
        for octave, (spacing, swing) in enumerate(OCTAVES):
            whole, part = divmod(moment / spacing, 1.0)
            places.append((16 * octave, int(whole), swing, part * part * (3.0 - 2.0 * part)))
        self._places = tuple(places)

    def level(self, key: int) -> float:
        """How far the path `key` (of KEY_BITS bits) is from its centre, within -SWING..SWING."""
        table = self._table
        total = 0.0
        for shift, whole, swing, share in self._places:
            place = (key >> shift) + whole
            left = table[place & _MASK]
            total += swing * (left + (table[place + 1 & _MASK] - left) * share)
        return total


@lru_cache(maxsize=4)
def _table(seed: int) -> tuple[float, ...]:
    draw = Random(f"noise {seed}")  # noqa: S311 - a market, not a secret
    return tuple(draw.uniform(-1.0, 1.0) for _ in range(_SIZE))


class Noise:
    """Seeded value noise: `at(moment)` gives the levels of all paths at that moment (Unix seconds)."""

    def __init__(self, seed: int) -> None:
        self._table = _table(seed)

    def at(self, moment: float) -> Instant:
        return Instant(self._table, moment)
