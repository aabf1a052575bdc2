"""Exact numbers: what may stand in the ledger as a price, a supply or a percentage."""

from decimal import Decimal, InvalidOperation
from typing import Any

Amount = Decimal | int
"""An exact number. Both parts keep every digit; a float never stands for one."""

MAX_MAGNITUDE = 1_000
"""Exponents beyond this are refused: real data reaches 1e76, PostgreSQL's NUMERIC ends at 1e131072."""

_MAX_INT = 10**MAX_MAGNITUDE
_RANKS_END = 2**31


class NotAnAmount(ValueError):
    """The value isn't a finite number of sane size; the text says what it is instead."""


def exact(text: str) -> Decimal:
    """The number that `text` spells, with all its digits.

    Raises NotAnAmount for anything else, `NaN`, `Infinity` and absurd exponents included.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise NotAnAmount(f"{text[:40]!r} is not a number") from None
    if not value.is_finite():
        raise NotAnAmount(f"{text[:40]!r} is not a finite number")
    if len(text) > MAX_MAGNITUDE or not -MAX_MAGNITUDE < value.adjusted() < MAX_MAGNITUDE:
        raise NotAnAmount(f"{text[:40]!r} is too long to be a real number")
    return value


def amount(value: Any) -> Amount | None:
    """`value`, decoded from JSON with Decimal for floats, as an amount; None stays None.

    An empty string is CoinPaprika's way to say "missing" (OpenAPI 1.7.10, schema `tick`).
    Raises NotAnAmount for text, booleans and containers.
    """
    kind = value.__class__
    if kind is Decimal:
        number: Decimal = value
        if -MAX_MAGNITUDE < number.adjusted() < MAX_MAGNITUDE and len(str(number)) <= MAX_MAGNITUDE:
            return number
        raise NotAnAmount(f"{str(value)[:40]} is too long to be a real number")
    if value is None or value == "":
        return None
    if kind is int and -_MAX_INT < value < _MAX_INT:
        whole: int = value
        return whole
    raise NotAnAmount(f"{str(value)[:40]!r} is not a number")


def rank(value: Any) -> int | None:
    """`value`, decoded from JSON, as a place in a ranking from 1; None for 0, which means that there is none.

    Raises NotAnAmount for anything that isn't a whole number, or too large to be a rank.
    """
    number = amount(value)
    if not number:
        return None
    if number != int(number) or not 0 < number < _RANKS_END:
        raise NotAnAmount(f"{str(number)[:40]} is not a rank")
    return int(number)


def known(value: Amount | None) -> Amount | None:
    """`value`, or None for 0: both providers write 0 for a market cap or a supply that they don't know."""
    return value or None
