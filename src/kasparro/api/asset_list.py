"""`/assets`: all assets, searched, filtered, sorted and paged."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from kasparro.api.asking import asks
from kasparro.api.asset_names import Named, called, in_order
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Text
from kasparro.api.quotes import Answered
from kasparro.api.views import Moments, Paged, View, catalogue, page_of, plain, view
from kasparro.market.catalogue import AssetField, Catalogue, Wanted, is_listed
from kasparro.market.sorting import Order

router = APIRouter(tags=["assets"])


class AssetsQuery(Paged):
    """Which assets, and in which order."""

    q: Text | None = Field(
        None, description="Only assets with this in their name, or an id, ticker or name of a listing", examples=["bit"]
    )
    symbol: Text | None = Field(None, description="Only assets with this ticker", examples=["BTC"])
    source: Text | None = Field(None, description="Only assets with a listing at this source")
    linked: bool | None = Field(None, description="Only assets with listings of several sources, or without")
    listed: bool | None = Field(
        None, description="Only assets that are still listed, or that all sources that tell say are not"
    )
    sort_by: AssetField = Field("rank", description="Sort by this; equal ones by name, unknown values come last")
    order: Order = Field("asc", description="Ascending or descending")

    def wanted(self, desk: Desk) -> Wanted:
        """What is wanted. Raises Problem for a source that there isn't."""
        return Wanted(q=self.q, symbol=self.symbol, source=desk.known_source(self.source), linked=self.linked,
                      listed=self.listed)  # fmt: skip


class AssetRow(Named):
    """An asset: what the listings of several sources have in common."""

    rank: int | None = Field(
        description="The best rank that a source gives it: by fresh quotes, else by the newest", examples=[1]
    )
    sources: list[str] = Field(description="Where it has listings", examples=[["coinpaprika", "coingecko"]])
    listings: int = Field(description="How many listings it has, quoted or not", examples=[2])
    listed: bool = Field(description="False when all sources that tell say that it is no longer active")
    price_usd: float | None = Field(
        description="The consensus of the fresh quotes; null when there is none. `/assets/{asset}/price` explains it"
    )
    market_cap_usd: float | None = Field(
        description="The median of what the sources' fresh quotes say; null when none of them knows"
    )
    agreed: bool | None = Field(
        description="Whether most fresh prices lie close together; null when there are fewer than two"
    )
    stale: bool = Field(description="Whether it has quotes, but none that is fresh")
    simulated: bool = Field(description="Whether one of its quotes has made-up numbers")


class AssetPage(Answered, Moments):
    """A page of assets."""

    data: list[AssetRow] = Field(description="The assets of the page")
    total: int = Field(description="Assets of the whole selection", examples=[12034])
    page: int = Field(description="Which page this is, from 1", examples=[1])
    page_size: int = Field(description="Entries that a page may have", examples=[20])
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


@router.get("/assets", response_model=AssetPage, summary="All assets")
async def list_assets(query: Annotated[AssetsQuery, asks(AssetsQuery)], desk: Worker, exchange: Current) -> Response:
    """Each coin once, however many sources list it. Listings that nobody quotes count too.

    Which listings are one asset is decided by evidence: `/assets/{asset}/links` shows it.
    """
    wanted = query.wanted(desk)
    seen = await view(desk, exchange, query)
    assets = await catalogue(desk, seen)
    ordered = assets.arrange(assets.search(wanted, seen.snapshot), seen.board, query.sort_by, query.order)
    rows = [_row(asset, seen, assets, desk.sources) for asset in ordered[query.start : query.start + query.limit]]
    return page_of("/assets", query, seen, rows, len(ordered))


def _row(asset: str, seen: View, assets: Catalogue, sources: tuple[str, ...]) -> dict[str, Any]:
    listings = in_order(assets.by_asset[asset], sources)
    return {
        "asset": asset, **called(asset, seen, assets, sources)._asdict(),
        "rank": seen.board.rank(asset), "sources": list(dict.fromkeys(one.source for one in listings)),
        "listings": len(listings), "listed": is_listed(listings), **summary(asset, seen),
    }  # fmt: skip


def summary(asset: str, seen: View) -> dict[str, Any]:
    """What an asset's quotes say all in all."""
    quotes = seen.board.quotes(asset)
    said = seen.board.consensus(asset)
    return {
        "price_usd": plain(said.price_usd), "market_cap_usd": plain(seen.board.market_cap(asset)),
        "agreed": said.agreed, "stale": bool(quotes) and not any(map(seen.board.is_fresh, quotes)),
        "simulated": any(row.simulated for row in quotes),
    }  # fmt: skip
