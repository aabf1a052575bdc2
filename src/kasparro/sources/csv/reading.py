"""How one file is read: the resolved mapping that travels with each of its requests."""

from typing import Any

import msgspec

from kasparro.sources.csv.coins import NamedCoin
from kasparro.sources.csv.moments import TimeForm


class WideCoin(msgspec.Struct, frozen=True):
    """One coin of a wide file: the index of its price column, and what the column is called after."""

    column: int
    coin: NamedCoin


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that the rows of a file need to become quotes; JSON, so that it can be kept beside the bytes.

    `columns` maps a field to the index of its column. `identity` are the fields that make a listing's id
    (empty: `coin` is the only one). `time` is None when rows take the file's time. `period` is the candles'
    length, `opens` whether their stamps are the moment of opening. `pairs` is `dollars` when symbols are pairs
    such as BTCUSDT, `any` when their currency doesn't matter; `glued` and `glued_numbers` are
    those of the layout, `simulated` is that of the mapping.
    """

    layout: str
    delimiter: str
    encoding: str
    width: int
    columns: dict[str, int]
    decimal: str = "."
    identity: tuple[str, ...] = ()
    coin: NamedCoin | None = None
    wide: tuple[WideCoin, ...] = ()
    time: TimeForm | None = None
    period: str = ""
    opens: bool = False
    pairs: str = ""
    glued: str = ""
    glued_numbers: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def fallback_time(self) -> bool:
        """Whether a row with an empty time cell takes the file's time: a candle doesn't."""
        return not self.period or self.time is None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    @classmethod
    def from_json(cls, plain: object) -> "Reading":
        """The reading that `to_json` gave. Raises msgspec.ValidationError."""
        return msgspec.convert(plain, cls)
