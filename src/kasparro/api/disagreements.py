"""`/disagreements`: the assets whose sources contradict each other."""

import asyncio
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from kasparro.api.asking import asks
from kasparro.api.asset_names import Named
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Amount
from kasparro.api.quotes import Answered
from kasparro.api.spreads import SpreadView, told
from kasparro.api.views import Moments, Paged, page_of, view
from kasparro.market.disagreement import MARKET_CAP_PERCENT, PRICE_PERCENT, Measure

router = APIRouter(tags=["assets"])


class DisagreementsQuery(Paged):
    """From where on sources disagree."""

    min_price_percent: Amount | None = Field(
        None, description=f"Prices that differ by more than this, in percent; {PRICE_PERCENT} where it isn't given"
    )
    min_market_cap_percent: Amount | None = Field(
        None,
        description=f"Market caps that differ by more than this, in percent; {MARKET_CAP_PERCENT} where it isn't given",
    )
    measure: Literal["price_usd", "market_cap_usd"] | None = Field(None, description="Only in this")

    def thresholds(self) -> dict[Measure, Decimal]:
        """From where on sources disagree, in percent, of what is asked for."""
        price, cap = self.min_price_percent, self.min_market_cap_percent
        given = {
            Measure.PRICE: PRICE_PERCENT if price is None else price,
            Measure.MARKET_CAP: MARKET_CAP_PERCENT if cap is None else cap,
        }
        return {measure: limit for measure, limit in given.items() if self.measure in (None, measure.value)}


class Disagreement(SpreadView, Named):
    """What the sources of an asset differ in, and how far."""

    measure: Measure = Field(description="What they differ in")
    simulated: bool = Field(description="Whether one of the asset's quotes has made-up numbers")


class DisagreementPage(Answered, Moments):
    """A page of disagreements."""

    data: list[Disagreement] = Field(description="The disagreements of the page, the largest first")
    total: int = Field(description="Disagreements in all", examples=[17])
    page: int = Field(description="Which page this is, from 1", examples=[1])
    page_size: int = Field(description="Entries that a page may have", examples=[20])
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


@router.get("/disagreements", response_model=DisagreementPage, summary="Where sources disagree")
async def list_disagreements(
    query: Annotated[DisagreementsQuery, asks(DisagreementsQuery)], desk: Worker, exchange: Current
) -> Response:
    """Assets whose sources differ by more than a threshold, price and market cap apart, the largest difference first.

    Prices that differ are somebody's fault; market caps that differ are mostly another opinion about which coins
    circulate. Only fresh quotes of the same quarter of an hour are compared.
    """
    seen = await view(desk, exchange, query)
    # With a low threshold each asset is looked at: a tenth of a second in which others have to be answered too.
    found = await asyncio.to_thread(seen.board.disagreements, query.thresholds())
    rows = []
    for apart in found[query.start : query.start + query.limit]:
        quotes = seen.board.quotes(apart.asset)
        rows.append(
            {"asset": apart.asset, "name": quotes[0].crypto_name, "symbol": quotes[0].symbol,
             "measure": apart.spread.measure, **told(apart.spread, seen.snapshot),
             "simulated": any(row.simulated for row in quotes)}
        )  # fmt: skip
    return page_of("/disagreements", query, seen, rows, len(found))
