"""What a person reads about a file that isn't understood: what was seen, and a mapping to start from."""

from kasparro.errors import Skippable
from kasparro.sources.csv import headers
from kasparro.sources.csv.dialect import Dialect
from kasparro.sources.csv.errors import FileRefused

_NAMES = {",": ",", ";": ";", "|": "|", "\t": "tab"}
_SHOWN_COLUMNS = 30


def not_understood(why: str, dialect: Dialect) -> Skippable:
    """The refusal of a file: `why`, the delimiter and the first row seen, and a TOML to edit."""
    seen = "header" if dialect.header is not None else "no header, first row"
    first = dialect.header if dialect.header is not None else dialect.rows[0]
    cells = " | ".join(cell[:30] for cell in first[:_SHOWN_COLUMNS])
    delimiter = _NAMES[dialect.delimiter]
    remedy = f"Put a mapping beside it, named <file>.toml (docs/csv.md), starting from:\n{starter(dialect)}"
    return FileRefused(
        f"the file isn't understood: {why} (delimiter {delimiter!r}, {seen}: {cells})",
        remedy=remedy,
    )


def starter(dialect: Dialect) -> str:
    """A mapping in TOML that reads what the file's words tell and leaves the rest to be filled in."""
    lines = [f'delimiter = "{_NAMES[dialect.delimiter]}"']
    if dialect.header is None:
        lines.append("header = false")
    lines += [
        '# symbol = "BTC"      # for a file of one coin',
        '# period = "1d"       # for candles',
        "",
        "[columns]",
    ]
    known = headers.resolve(dialect.header or [])
    for field in ("id", "symbol", "name", "time", "price", "market_cap", "volume"):
        at = known.get(field, known.get("close") if field == "price" else None)
        lines.append(f"{'' if at is not None else '# '}{field} = {_column(dialect, at)}")
    lines += ["", "[time]", '# format = "%d/%m/%Y %H:%M"', '# zone = "Europe/Berlin"']
    return "\n".join(lines)


def _column(dialect: Dialect, at: int | None) -> str:
    if dialect.header is None:
        return str(at + 1) if at is not None else "1"
    cell = dialect.header[at] if at is not None else dialect.header[0]
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"')[:100] + '"'
