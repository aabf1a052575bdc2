"""The subject: one listing with everything that identity may rest on."""

from datetime import datetime

import msgspec

CSV = "csv"
"""The source whose listings are rows of files: they attach to assets, and never bring other listings together."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A listing as its source tells of it now, and told of it before.

    `dataset` is a CSV file's. `former` are the (symbol, name) pairs that the source gave the same id before,
    `addresses` the pairs of a chain, as the source calls it, and an address, as sent. `active` is None where the
    source doesn't say. The amounts are those of the newest quote, observed at `observed_at`; they are floats, since
    they are only ever compared roughly.
    """

    listing_id: int
    source: str
    coin_id: str
    symbol: str = ""
    name: str = ""
    dataset: str = ""
    former: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    active: bool | None = None
    rank: int | None = None
    price_usd: float | None = None
    market_cap_usd: float | None = None
    observed_at: datetime | None = None

    @property
    def label(self) -> str:
        """How a person is told of it: `coingecko bitcoin (BTC, Bitcoin)`."""
        return f"{self.source} {self.coin_id} ({self.symbol.upper()}, {self.name})"
