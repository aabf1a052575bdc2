"""Formats: numbers and times as people read them, beside the exact value for whoever needs it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from markupsafe import Markup

NOTHING = Markup('<span class="nothing" title="not known">–</span>')
_STEPS = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_DIGITS = 4
"""Digits of what is small that are shown."""
_ZEROS = 8
"""Zeros behind the point from which on a power of ten is shorter."""

Number = Decimal | int | float


def price(value: Number | None) -> Markup:
    """An amount of US dollars, with as many digits as say something."""
    if value is None:
        return NOTHING
    amount = Decimal(str(value))
    if amount and abs(amount) < Decimal(10) ** -_ZEROS:
        text = _power(amount)
    elif abs(amount) < 1:
        text = f"{amount:.{_DIGITS - 1 - min(amount.adjusted(), -1)}f}" if amount else "0"
    elif abs(amount) >= Decimal(10) ** 12:
        text = _short(amount)
    else:
        text = f"{amount:,.{2 if abs(amount) >= 10 else 4}f}"
    return _exact(value, text)


def money(value: Number | None) -> Markup:
    """A large amount of US dollars, shortened."""
    return NOTHING if value is None else _exact(value, _short(Decimal(str(value))))


def count(value: int | None) -> Markup:
    """A number of things."""
    return NOTHING if value is None else _exact(value, f"{value:,}")


def percent(value: Number | None, digits: int = 2) -> Markup:
    """A change in percent, with its sign."""
    if value is None:
        return NOTHING
    amount = Decimal(str(value))
    text = f"{amount:+,.{digits}f} %" if abs(amount) < 1_000_000 else f"{_power(amount)} %"
    side = "up" if amount > 0 else "down" if amount < 0 else "flat"
    return Markup('<data class="{}" value="{}">{}</data>').format(side, _plain(value), text.replace("-", "−"))


def apart(value: Number | None) -> Markup:
    """How far something is from something else, in percent: with its sign, and neither good nor bad."""
    return NOTHING if value is None else _exact(value, f"{Decimal(str(value)):+,.2f} %".replace("-", "−"))


def share(value: Number | None, digits: int = 2) -> Markup:
    """A difference in percent, which has no sign."""
    return NOTHING if value is None else _exact(value, f"{Decimal(str(value)):,.{digits}f} %")


def moment(value: str | datetime | None) -> Markup:
    """A moment, to the second."""
    if value is None:
        return NOTHING
    at = when(value)
    return Markup('<time datetime="{}">{}</time>').format(_iso(at), f"{at:%Y-%m-%d %H:%M:%S}")


def ago(value: str | datetime | None, now: datetime) -> Markup:
    """How long ago a moment was, or how far ahead it is."""
    if value is None:
        return Markup('<span class="nothing">never</span>')
    at = when(value)
    away = span(int(abs((at - now).total_seconds())))
    text = f"in {away}" if at > now else f"{away} ago"
    return Markup('<time datetime="{}" title="{} UTC" data-ago>{}</time>').format(
        _iso(at), f"{at:%Y-%m-%d %H:%M:%S}", text
    )


def span(value: timedelta | Number | None) -> str:
    """A length of time in its two largest units."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 60:
        return f"{int(seconds)} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    for place, (length, unit) in enumerate(_UNITS):
        if seconds >= length:
            whole, rest = divmod(int(seconds), length)
            smaller, name = (_UNITS[place + 1]) if place + 1 < len(_UNITS) else (1, "s")
            more = rest // smaller
            return f"{whole} {unit} {more} {name}" if more and whole < 10 else f"{whole} {unit}"
    return ""


def when(value: str | datetime) -> datetime:
    """A moment as the API writes it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).astimezone(UTC)


def size(value: int) -> str:
    """So many bytes."""
    return f"{value:,} bytes" if value < 10_000 else f"{value / 1024:,.0f} kB"


def plain(value: Number | None) -> Markup | str:
    """A number with all its digits."""
    return NOTHING if value is None else _plain(value)


def told(value: object) -> str:
    """What was found, to be read as it is."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def words(value: str) -> str:
    """A code in words."""
    return value.replace("_", " ")


def _short(amount: Decimal) -> str:
    for step, letter in _STEPS:
        if abs(amount) >= step:
            shown = amount / step
            digits = 0 if abs(shown) >= 100 else 1 if abs(shown) >= 10 else 2
            return f"{shown:,.{digits}f} {letter}" if abs(shown) < 100_000 else _power(amount)
    return f"{amount:,.2f}" if amount else "0"


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _power(amount: Decimal) -> str:
    exponent = amount.adjusted()
    return f"{amount.scaleb(-exponent):.2f} × 10{str(exponent).translate(_RAISED)}"


def _exact(value: Number, text: str) -> Markup:
    plain = _plain(value)
    return Markup('<data value="{}" title="{}">{}</data>').format(plain, plain, text)


def _plain(value: Number) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
