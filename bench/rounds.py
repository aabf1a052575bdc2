"""Rounds: the contestants of a comparison take turns, so that a noisy machine is noisy for all of them."""

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median

ROUNDS = 5

Seconds = dict[str, list[float]]
"""Contestant -> the seconds of its turns, one a round."""


def take_turns(contestants: Sequence[Callable[[], Mapping[str, float]]], rounds: int = ROUNDS) -> Seconds:
    """The seconds of each measurement: `rounds` rounds after one that only warms up.

    A contestant returns one or more named measurements, in seconds, of one turn. Every other round the
    order is turned around.
    """
    measured: Seconds = {}
    for number in range(rounds + 1):
        for turn in contestants if number % 2 else reversed(contestants):
            gc.collect()
            for name, seconds in turn().items():
                if number:
                    measured.setdefault(name, []).append(seconds)
    return measured


def ratio(measured: Seconds, ours: str, peer: str) -> float:
    """How much faster `ours` is than `peer`: the median, over the rounds, of the two times' quotient."""
    return median(b / a for a, b in zip(measured[ours], measured[peer], strict=True))


def typical(measured: Seconds, name: str) -> float:
    """The median of a measurement's seconds."""
    return median(measured[name])
