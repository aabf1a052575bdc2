"""Numbers as the two providers spell them.

CoinGecko's spelling is Ruby's (`19169231.0`, `2.993e-05`, `1.0e+15`), CoinPaprika's is Go's (`19169231`,
`2.993e-5`, `1e+21`). Digits are asked for, never left to a float's own repr: twenty digits are sent as
twenty, so that a client that goes through a double is found out.
"""


def _parts(value: float, digits: int) -> tuple[str, str, int]:
    mantissa, _, exponent = f"{abs(value):.{digits - 1}e}".partition("e")
    return ("-" if value < 0 else "", mantissa.replace(".", "").rstrip("0") or "0", int(exponent))


def _plain(figures: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + figures
    if len(figures) <= exponent + 1:
        return figures + "0" * (exponent + 1 - len(figures))
    return f"{figures[: exponent + 1]}.{figures[exponent + 1 :]}"


def ruby(value: float, digits: int) -> str:
    """A float in Ruby's spelling with at most `digits` significant digits; always with a point."""
    sign, figures, exponent = _parts(value, digits)
    if figures == "0":
        return "0.0"
    if not -4 <= exponent < 15:
        return f"{sign}{figures[0]}.{figures[1:] or '0'}e{exponent:+03d}"
    plain = _plain(figures, exponent)
    return f"{sign}{plain}" if "." in plain else f"{sign}{plain}.0"


def go(value: float, digits: int) -> str:
    """A float in Go's spelling (`encoding/json`) with at most `digits` significant digits."""
    sign, figures, exponent = _parts(value, digits)
    if figures == "0":
        return "0"
    if -6 <= exponent < 21:
        return sign + _plain(figures, exponent)
    point = f".{figures[1:]}" if len(figures) > 1 else ""
    mark = "-" if exponent < 0 else "+"
    return f"{sign}{figures[0]}{point}e{mark}{abs(exponent)}"


def whole(value: float) -> str:
    """A whole number without exponent or point."""
    return f"{value:.0f}" if abs(value) >= 0.5 else "0"


def places(value: float, count: int) -> str:
    """A number with at most `count` digits after the point, no trailing zeros."""
    text = f"{value:.{count}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
