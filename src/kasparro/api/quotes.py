"""Quotes as the API shows them: the documented row, and its rendering."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field

from kasparro.market.row import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Quoted(BaseModel):
    """A quote of one coin at one source. Amounts have all the digits that the source sent."""

    id: int = Field(
        description="The quote's number; `/quotes/{id}/receipt` tells where it came from", examples=[3145728]
    )
    crypto_id: str = Field(description="The coin's id at its source", examples=["bitcoin"])
    crypto_name: str | None = Field(description="The coin's name", examples=["Bitcoin"])
    symbol: str | None = Field(description="The ticker; many coins can share one", examples=["btc"])
    asset: str | None = Field(description="The asset that the listing is linked to, null while it is to none")
    price_usd: float | None = Field(description="Price in US dollars", examples=[64123.5])
    market_cap_usd: float | None = Field(description="Market capitalisation in US dollars; null when unknown")
    volume_24h_usd: float | None = Field(description="Volume of 24 hours in US dollars")
    change_24h_percent: float | None = Field(
        description="Change of the price in 24 hours, in percent", examples=[-1.25]
    )
    rank: int | None = Field(description="Rank by market capitalisation at the source, from 1", examples=[1])
    circulating_supply: float | None = Field(description="Coins in circulation; null when unknown")
    total_supply: float | None = Field(description="Coins made so far; null when unknown")
    max_supply: float | None = Field(description="Coins that will ever be; null when unlimited or unknown")
    data_source: str = Field(description="The source", examples=["coingecko"])
    dataset: str | None = Field(description="The file, for coins from CSV files")
    observed_at: datetime = Field(description="The moment of the quote by the source's clock, UTC")
    created_at: datetime = Field(description="When the ledger came to know it, UTC")
    version: int = Field(description="1, or more when the source has corrected this moment's numbers", examples=[1])
    simulated: bool = Field(description="Whether it comes from the sandbox or a file of made-up numbers")


class QuoteRow(Quoted):
    """The newest quote of one coin at one source."""

    stale: bool = Field(description="Whether it is older than STALE_AFTER (two hours by default)")


class Answered(BaseModel):
    """What every answer with data ends with."""

    request_id: str = Field(description="The request's id: yours from `X-Request-ID`, or one made here")
    api_latency_ms: float = Field(description="Milliseconds from the request's arrival to its answer", examples=[0.21])


class Renderer:
    """Renders rows as JSON objects; older than `after` seconds at `now` (UTC) they are stale."""

    def __init__(self, now: datetime, after: float) -> None:
        try:
            self._limit = now - timedelta(seconds=after)
        except OverflowError:
            self._limit = datetime.min.replace(tzinfo=UTC)

    def one(self, row: Row) -> str:
        """The row's object."""
        return f'{row.body},"stale":{"true" if row.observed_at < self._limit else "false"}}}'

    def all(self, rows: Iterable[Row]) -> str:
        """The rows as an array."""
        return f"[{','.join(map(self.one, rows))}]"
