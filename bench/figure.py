"""The figure: one thing measured, and whether it is what was asked for."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One line of the table. `met` is None where nothing was asked for or nothing could be measured."""

    bench: str
    what: str
    value: float | None
    unit: str = ""
    target: str = ""
    met: bool | None = None
    note: str = ""


def at_least(bench: str, what: str, value: float, floor: float, unit: str, note: str = "") -> Figure:
    """A figure that should not be below `floor`."""
    return Figure(bench, what, value, unit, f">= {floor:,g}", value >= floor, note)


def at_most(bench: str, what: str, value: float, ceiling: float, unit: str, note: str = "") -> Figure:
    """A figure that should not be above `ceiling`."""
    return Figure(bench, what, value, unit, f"<= {ceiling:,g}", value <= ceiling, note)


def below(bench: str, what: str, value: float, ceiling: float, unit: str, note: str = "") -> Figure:
    """A figure that should stay under `ceiling`."""
    return Figure(bench, what, value, unit, f"< {ceiling:,g}", value < ceiling, note)


def told(bench: str, what: str, value: float, unit: str, note: str = "") -> Figure:
    """A figure of which nothing is asked."""
    return Figure(bench, what, value, unit, note=note)


def not_measured(bench: str, what: str, target: str, why: str) -> Figure:
    """A figure that could not be had here."""
    return Figure(bench, what, None, target=target, note=why)
