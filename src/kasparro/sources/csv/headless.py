"""Files without a header, known by what their columns hold."""

from kasparro.sources.csv import moments, numbers
from kasparro.sources.csv.dialect import Dialect, is_number
from kasparro.sources.csv.layouts import HEADLESS, Layout


def headless(dialect: Dialect) -> tuple[Layout, dict[str, int]] | None:
    """The layout and the columns of a file without a header; None when it's like no known one."""
    rows = [row for row in dialect.rows if len(row) == dialect.width]
    columns = list(zip(*rows, strict=True))
    for candidate in HEADLESS:
        if len(candidate.kinds) == len(columns) and all(
            _holds(kind, cells) for kind, cells in zip(candidate.kinds, columns, strict=True)
        ):
            at = {field: index for index, field in enumerate(candidate.columns) if field}
            if "open" not in at or _is_ordered(at, rows):
                return Layout(name=candidate.name), at
    return None


def _holds(kind: str, cells: tuple[str, ...]) -> bool:
    filled = [cell for cell in cells if not numbers.is_missing(cell)]
    if kind == ".":
        return True
    if not filled:
        return False
    if kind == "t":
        try:
            return moments.detect(filled) is not None
        except moments.Unclear:
            return True
    if not all(map(is_number, filled)):
        return False
    return kind == "n" or all(cell.strip().isdigit() for cell in filled)


def _is_ordered(at: dict[str, int], rows: list[list[str]]) -> bool:
    """Whether low <= open, close <= high in each row: else the columns stand in another order."""
    for row in rows:
        opened, high, low, close = (numbers.point(row[at[field]]) for field in ("open", "high", "low", "close"))
        if opened is None or high is None or low is None or close is None:
            continue
        if not (low <= opened <= high and low <= close <= high):
            return False
    return True
