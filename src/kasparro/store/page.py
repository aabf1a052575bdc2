"""The page: one payload with all that it says, as it goes into the ledger in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from kasparro.market.coin import Coin
from kasparro.market.drift import Drift
from kasparro.market.quote import Quote
from kasparro.market.rejection import Rejection


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What one payload brings to the ledger.

    `body` is compressed with zstd, `size` and `sha256` are those of the bytes before. `request` is the
    request as JSON-ready values, without secrets. `cursor` is the stream's checkpoint after this page, None
    to leave it. `refusal` says why the payload is no data. `simulated` marks the sandbox's data. `whole` is True when
    `coins` are all that the source lists.
    """

    step_id: int
    source: str
    stream: str
    parser: str
    dataset: str
    period: str
    request: Mapping[str, Any]
    about: Mapping[str, Any]
    fetched_at: datetime
    simulated: bool
    sha256: bytes
    size: int
    body: bytes
    quotes: Sequence[Quote] = ()
    coins: Sequence[Coin] = ()
    whole: bool = False
    rejections: Sequence[Rejection] = ()
    drift: Sequence[Drift] = ()
    cursor: Mapping[str, Any] | None = None
    refusal: str | None = None


class Counts(msgspec.Struct, frozen=True):
    """The balance of one load or of many: `seen = new + unchanged + rejected`."""

    seen: int = 0
    new: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.seen + other.seen,
            self.new + other.new,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )
