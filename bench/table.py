"""The table: figures as lines for people, or as JSON for programs."""

from collections.abc import Sequence

import msgspec

from bench.figure import Figure

_HEAD = ("bench", "what", "figure", "", "target", "", "note")
_RIGHT = 2
_VERDICTS = {True: "ok", False: "NOT OK", None: ""}


def render(figures: Sequence[Figure]) -> str:
    """The figures as a table, one line each, grouped by bench."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def as_json(figures: Sequence[Figure]) -> str:
    """The figures as one JSON array."""
    return msgspec.json.format(msgspec.json.encode(figures), indent=2).decode()


def _row(figure: Figure) -> tuple[str, ...]:
    value = "not measured" if figure.value is None else _number(figure.value)
    return (figure.bench, figure.what, value, figure.unit, figure.target, _VERDICTS[figure.met], figure.note)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if at == _RIGHT else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
