"""Cells that spell numbers: `1,234.5`, `76.761,5`, `1.2K`, `3.60%`, `$27992.29`, `19362043 BTC`."""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation

from kasparro.market.amount import MAX_MAGNITUDE, Amount, NotAnAmount, exact, known, rank

Convert = Callable[[str], Amount | None]
"""A cell's text in, its number out; None for a cell that says nothing. Raises NotAnAmount."""

MISSING = frozenset(
    [
        "",
        "-",
        "--",
        "—",
        "–",
        "?",
        "n/a",
        "na",
        "#n/a",
        "<na>",
        "null",
        "nan",
        "none",
        "nil",
        "\\n",
        "undefined",
    ]
)
"""What files write for "no value", in lower case."""

_SCALES = {
    word: zeros
    for zeros, words in ((3, "k thousand"), (6, "m mn mio million"), (9, "b bn mrd billion"), (12, "t tn trillion"))
    for word in words.split()
}
_CELL = re.compile(
    r"""(?P<sign>[+-]?)\s*(?:US\$|\$|USDT?\s)?\s*(?P<inner>[+-]?)
        (?P<digits>[0-9.,][0-9.,'\ \u00a0\u202f]*)(?P<exponent>[eE][+-]?[0-9]+)?
        \s*(?P<scale>[A-Za-z]+)?\s*(?:%|\$)?""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[0-9.\n]*")
_PLAIN_SIGNED = re.compile(r"[-0-9.\n]*")
_RANKS = re.compile(r"(?:[0-9]{0,9}\n)*[0-9]{0,9}")
_SPACES = "\u0020\u00a0\u202f"
_GROUPED = r"[0-9]{{1,3}}(?:(?P<sep>[{group}'{spaces}])(?:[0-9]{{2,3}}(?P=sep))*[0-9]{{3}})?(?:{mark}[0-9]*)?"
_DIGITS = {
    mark: re.compile(
        _GROUPED.format(group=re.escape(group), mark=re.escape(mark), spaces=_SPACES)
        + rf"|[0-9]*{re.escape(mark)}?[0-9]*"
    )
    for mark, group in ((".", ","), (",", "."))
}
_WITH_UNIT = re.compile(
    rf"(?P<number>[+-]?[0-9][0-9.,]*(?:[{_SPACES}][0-9]{{3}}(?!\S))*(?:[eE][+-]?[0-9]+|[KMBT])?)"
    r"\s+(?P<unit>\S*[^\s0-9.,].*)"
)
_NOT_DIGITS = str.maketrans("", "", ",.'" + _SPACES)
_COMMA_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]+,(?:[0-9]{1,2}|[0-9]{4,}))[KMBT]?\s*%?")
_UNCLEAR = re.compile(r"[+-]?\$?[1-9][0-9]{0,2},[0-9]{3}[KMBT]?\s*%?")
_POINT_DECIMAL = re.compile(
    r"[+-]?\$?(?:[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,}))[KMBT]?\s*%?"
)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return text.strip().lower() in MISSING


def point(text: str) -> Amount | None:
    """The number in a file that writes a decimal point."""
    if not text:
        return None
    if "_" not in text:
        try:
            return exact(text)
        except NotAnAmount:
            pass
    return _cleaned(text, ".")


def all_plain(cells: Sequence[str], *, signed: bool = False) -> list[Amount | None] | None:
    """A whole column of digits with points at once, or None when any cell is anything else.

    With `signed` a minus may stand before them. The usual file has only such columns, and is then read four
    times as fast.
    """
    if (
        not (_PLAIN_SIGNED if signed else _PLAIN).fullmatch("\n".join(cells))
        or max(map(len, cells), default=0) >= MAX_MAGNITUDE
    ):
        return None
    try:
        return [Decimal(cell) if cell else None for cell in cells]
    except InvalidOperation:
        return None


def all_ranks(cells: Sequence[str]) -> list[int | None] | None:
    """A whole column of ranks at once, 0 as None; None when any cell is anything but up to nine digits."""
    if not _RANKS.fullmatch("\n".join(cells)):
        return None
    return [int(cell) or None if cell else None for cell in cells]


def comma(text: str) -> Amount | None:
    """The number in a file that writes a decimal comma."""
    return _cleaned(text, ",") if text else None


def _cleaned(text: str, decimal: str) -> Amount | None:
    if is_missing(text):
        return None
    match = _CELL.fullmatch(text.strip().replace("−", "-"))
    if match is None or (match["sign"] and match["inner"]):
        raise NotAnAmount(f"{text[:40]!r} is not a number")
    digits = match["digits"].strip(_SPACES)
    scale, exponent = match["scale"], match["exponent"] or ""
    if not _DIGITS[decimal].fullmatch(digits) or not any(c.isdigit() for c in digits) or (scale and exponent):
        raise NotAnAmount(f"{text[:40]!r} is not a number with a decimal {_WORDS[decimal]}")
    if scale:
        if scale.lower() not in _SCALES:
            raise NotAnAmount(f"{text[:40]!r} is not in USD or a plain number")
        exponent = f"E{_SCALES[scale.lower()]}"
    whole, _, fraction = digits.partition(decimal)
    plain = whole.translate(_NOT_DIGITS) + ("." + fraction if fraction else "")
    return exact(match["sign"] + match["inner"] + plain + exponent)


_WORDS = {".": "point", ",": "comma"}


def without_unit(convert: Convert) -> Convert:
    """`convert` for cells such as `19,362,043 BTC`: what follows the space is the coin's unit."""

    def converted(text: str) -> Amount | None:
        match = _WITH_UNIT.fullmatch(text.strip()) if " " in text or "\u00a0" in text else None
        return convert(match["number"] if match else text)

    return converted


def last_glued(convert: Convert) -> Convert:
    """`convert` for `$541.43B$541426059990`: two spellings of one number, the last one precise."""

    def converted(text: str) -> Amount | None:
        head, mark, tail = text.rpartition("$")
        return convert(tail if mark and head else text)

    return converted


def not_negative(convert: Convert) -> Convert:
    """`convert` for what can't be below zero: prices, market caps, volumes, supplies."""

    def converted(text: str) -> Amount | None:
        value = convert(text)
        if value is not None and value < 0:
            raise NotAnAmount(f"{text[:40]!r} is negative")
        return value

    return converted


def zero_unknown(convert: Convert) -> Convert:
    """`convert` for market caps and supplies, where 0 means that the source doesn't know."""

    def converted(text: str) -> Amount | None:
        return known(convert(text))

    return converted


def rank_of(convert: Convert) -> Callable[[str], int | None]:
    """`convert` for ranks: whole numbers from 1 (`1.0` too); 0 means unranked."""

    def converted(text: str) -> int | None:
        return rank(convert(text.lstrip("#")))

    return converted


class UnclearMark(ValueError):
    """The numbers of a file can be read in two ways."""


def decimal_mark(cells: Iterable[str]) -> str:
    """The decimal mark of a file, `.` or `,`, by the cells that can only be read in one way.

    Raises UnclearMark when there are none, and a cell such as `1,123` could be a thousand or one.
    """
    cells = list(cells)
    if not any("," in cell for cell in cells):
        return "."
    points = commas = 0
    unclear = ""
    for cell in cells:
        text = cell.strip()
        commas += _COMMA_DECIMAL.fullmatch(text) is not None
        points += _POINT_DECIMAL.fullmatch(text) is not None
        if _UNCLEAR.fullmatch(text):
            unclear = text
    if unclear and not (points or commas):
        raise UnclearMark(f"{unclear!r} can be {unclear.replace(',', '')} or {unclear.replace(',', '.')}")
    return "," if commas > points else "."
