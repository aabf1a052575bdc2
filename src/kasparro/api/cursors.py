"""Cursors: where a page ended, so that the next one begins there however much has come in between.

A cursor carries its order with it, and the version of the ledger that its first page was of: all its pages are of
that version, else a coin that is quoted anew between two of them would stand on none. Whatever has the form of one is
one: there is no well-formed cursor that would have to be refused.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import msgspec

from kasparro.api.quotes import EPOCH
from kasparro.market.snapshot import SortField
from kasparro.market.sorting import Key, Order

_AMOUNTS = "price_usd|market_cap_usd|volume_24h_usd|change_24h_percent"
PATTERN = (
    rf"^(?:(?:{_AMOUNTS})\.(?:asc|desc)\.(?:none|-?[0-9]+(?:_[0-9]+)?)"
    r"|(?:rank|observed_at)\.(?:asc|desc)\.(?:none|-?[0-9]{1,16})"
    r"|created_at\.(?:asc|desc)\.[0-9]{1,19}"
    r"|(?:crypto_name|symbol)\.(?:asc|desc)\.(?:[0-9a-f]{2})*)\.[0-9]{1,10}\.[0-9]{1,19}$"
)
_FORM = re.compile(PATTERN)


class Cursor(msgspec.Struct, frozen=True):
    """The order of a page, the key of its last row, and the version of the ledger that it shows."""

    sort_by: SortField
    order: Order
    key: Key
    version: int

    def text(self) -> str:
        """The form in which clients get it."""
        value, listing = self.key
        return f"{self.sort_by}.{self.order}.{_written(value)}.{listing}.{self.version}"


def read_cursor(text: str) -> Cursor:
    """The cursor that `Cursor.text` gave. Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError("The next_cursor of an earlier answer is accepted, as it is")
    field, order, value, listing, version = text.split(".")
    key = (_read(field, value), int(listing))
    return Cursor(cast("SortField", field), cast("Order", order), key, int(version))


def _written(value: Any) -> str:
    match value:
        case None:
            return "none"
        case Decimal():
            return format(value, "f").replace(".", "_")
        case datetime():
            return str((value - EPOCH) // timedelta(microseconds=1))
        case str():
            return value.encode().hex()
        case _:
            return str(value)


def _read(field: str, value: str) -> Any:
    if field in ("crypto_name", "symbol"):
        return bytes.fromhex(value).decode("utf-8", "replace")
    if value == "none":
        return None
    if field in ("rank", "created_at"):
        return int(value)
    if field == "observed_at":
        return EPOCH + timedelta(microseconds=int(value))
    return Decimal(value.replace("_", "."))
