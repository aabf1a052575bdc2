"""A row: the newest quote of one listing."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Row(msgspec.Struct, frozen=True, gc=False):
    """The newest quote of one listing. `body` is its JSON object, without the end that depends on the time;
    `dataset` is the file that the coin is from, empty for those of providers."""

    listing_id: int
    quote_id: int
    source: str
    crypto_id: str
    symbol: str
    crypto_name: str
    asset: str | None
    rank: int | None
    price_usd: Decimal | None
    market_cap_usd: Decimal | None
    volume_24h_usd: Decimal | None
    change_24h_percent: Decimal | None
    observed_at: datetime
    retracted: bool
    body: str
    dataset: str = ""

    @property
    def simulated(self) -> bool:
        """Whether the numbers are made up; it is the last thing that the body says."""
        return self.body.endswith("true")
