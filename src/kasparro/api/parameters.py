"""Parameters: the kinds that several resources share."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

MAX_ID = 2**63 - 1
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,500}(?:\.[0-9]{0,500})?|\.[0-9]{1,500})(?:[eE][+-]?[0-9]{1,4})?")
_MAX_EXPONENT = 1_000
"""Larger numbers are in no ledger, and the longest are a few characters that take gigabytes when written out."""


def _moment(value: object) -> object:
    # Python reads more forms (and numbers) than RFC 3339 has.
    if isinstance(value, str) and (len(value) == 10 or "T" in value.upper()) and value[:4].isdecimal():
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    hint = "; write the + of a zone as %2B" if isinstance(value, str) and " " in value else ""
    raise ValueError(f"A moment such as 2026-06-30T12:00:00Z is accepted (RFC 3339; without a zone it's UTC{hint})")


def _utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        # The edges of what can be told: nothing was known before or is after.
        return datetime.min.replace(tzinfo=UTC) if value.year == 1 else datetime.max.replace(tzinfo=UTC)


def _amount(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        amount = Decimal(value)
        if -_MAX_EXPONENT < amount.adjusted() < _MAX_EXPONENT:
            return amount
    raise ValueError("A number such as 0.05 is accepted")


def _whole(value: object) -> object:
    # Python also reads `1_0`, ` 1` and `+1`; a description that says "integer" doesn't mean these.
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("An integer such as 10 is accepted")
    return value


DIGITS = BeforeValidator(_whole)
"""Of an integer: written in digits only."""

Whole = Annotated[int, DIGITS]
"""An integer, written in digits only."""

Moment = Annotated[
    datetime, BeforeValidator(_moment), AfterValidator(_utc),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}),
]  # fmt: skip
"""A moment, in UTC."""

Amount = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]
"""An exact amount of US dollars, zero or more."""

NO_NUL = r"^[^\x00]*$"
"""What texts match that PostgreSQL can compare: it knows no NUL."""

Text = Annotated[str, Field(min_length=1, max_length=200)]

StoredText = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
"""A text that PostgreSQL is asked for."""


def written(value: object) -> str:
    """A value as it can be asked for again."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)
