"""`/universe`: the ranking of all assets, at present or as it was known at any past moment."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.asking import asks
from kasparro.api.asset_names import Named
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Whole
from kasparro.api.quotes import Answered
from kasparro.api.views import Moments, Paged, View, page_of, plain, view
from kasparro.market.board import Place

router = APIRouter(tags=["assets"])


class UniverseQuery(Paged):
    """How much of the ranking."""

    top: Whole | None = Field(None, ge=1, le=1_000_000, description="Only the first so many", examples=[100])
    limit: Whole = Field(100, ge=1, le=1000, description="Entries of a page")


class UniverseRow(Named):
    """An asset in the ranking."""

    rank: int | None = Field(
        description="Its place by market capitalisation, from 1; null when no source knows one", examples=[1]
    )
    price_usd: float | None = Field(description="The consensus of the fresh quotes; null when none has a price")
    market_cap_usd: float | None = Field(
        description="The median of what the sources' fresh quotes say; null when none of them knows"
    )
    agreed: bool | None = Field(
        description="Whether most fresh prices lie close together; null when there are fewer than two"
    )
    sources: list[str] = Field(description="The sources with a fresh quote", examples=[["coinpaprika", "coingecko"]])
    simulated: bool = Field(description="Whether one of these quotes has made-up numbers")


class LeftOutView(BaseModel):
    """Quoted listings that are not in the ranking."""

    stale: int = Field(description="Those of assets without a fresh quote", examples=[3])
    unlinked: int = Field(description="Those that no asset was decided for yet: it is, at the end of each run")


class Universe(Answered, Moments):
    """A page of the ranking."""

    data: list[UniverseRow] = Field(
        description="The assets of the page: the largest market cap first, then those of which none is known, by name"
    )
    total: int = Field(description="Assets in all, or `top`", examples=[100])
    page: int = Field(description="Which page this is, from 1", examples=[1])
    page_size: int = Field(description="Entries that a page may have", examples=[100])
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")
    left_out: LeftOutView = Field(description="What is not in the ranking")


@router.get("/universe", response_model=Universe, summary="The ranking, now or then")
async def get_universe(
    query: Annotated[UniverseQuery, asks(UniverseQuery)], desk: Worker, exchange: Current
) -> Response:
    """One row an asset, ranked by market capitalisation, of all that was quoted and fresh at the moment.

    With `as_of` it is the ranking as it was known then: what was delisted since is in it, what came later is not, and
    neither corrections nor links that were made later show.
    """
    seen = await view(desk, exchange, query)
    end = len(seen.board.ranking)
    if query.top is not None:
        end = min(query.top, end)
    rows = [_row(place, seen) for place in seen.board.places(query.start, min(query.start + query.limit, end))]
    left_out = seen.board.left_out
    more = {"left_out": {"stale": left_out.stale, "unlinked": left_out.unlinked}}
    return page_of("/universe", query, seen, rows, end, more)


def _row(place: Place, seen: View) -> dict[str, Any]:
    quotes = seen.board.quotes(place.asset)
    said = seen.board.consensus(place.asset)
    fresh = [row for row in quotes if seen.board.is_fresh(row)]
    return {
        "rank": place.rank, "asset": place.asset, "name": quotes[0].crypto_name, "symbol": quotes[0].symbol,
        "price_usd": plain(said.price_usd), "market_cap_usd": plain(place.market_cap_usd), "agreed": said.agreed,
        "sources": list(dict.fromkeys(row.source for row in fresh)), "simulated": any(row.simulated for row in fresh),
    }  # fmt: skip
