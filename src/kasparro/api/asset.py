"""`/assets/{asset}`: one asset, all its listings side by side."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.asking import asks
from kasparro.api.asset_list import AssetRow, summary
from kasparro.api.asset_names import UNKNOWN, AssetId, FoundBy, called, find, in_order
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.quotes import Answered, QuoteRow, Renderer
from kasparro.api.spreads import SpreadView, told
from kasparro.api.views import Asked, Moments, View, catalogue, question, view
from kasparro.market.catalogue import Listing, is_listed
from kasparro.market.disagreement import Measure
from kasparro.store.assets import Details, read_details

router = APIRouter(tags=["assets"])


class NameView(BaseModel):
    """What a source called a listing."""

    symbol: str | None = Field(description="The ticker", examples=["MATIC"])
    name: str | None = Field(description="The name", examples=["Polygon"])


class AddressView(BaseModel):
    """A contract's address."""

    chain: str = Field(description="The chain, as the source calls it", examples=["ethereum"])
    address: str = Field(description="The address, as it was sent")


class LinkView(BaseModel):
    """How it is known that a listing belongs to the asset."""

    method: str = Field(description="What links it; `own` when nothing does", examples=["address"])
    confidence: float = Field(description="How sure that is, from 0 to 1", examples=[0.99])
    since: datetime = Field(description="When it was decided, UTC")
    unlinked: str | None = Field(description="Why a file's coin belongs to no provider's asset, where that is so")


class ListingView(BaseModel):
    """One coin as one source knows it."""

    source: str = Field(description="The source", examples=["coingecko"])
    dataset: str | None = Field(description="The file, for coins from CSV files")
    crypto_id: str = Field(description="The coin's id at its source", examples=["bitcoin"])
    symbol: str | None = Field(description="The ticker", examples=["btc"])
    name: str | None = Field(description="The name", examples=["Bitcoin"])
    active: bool | None = Field(description="Whether the source's coin list says that it is active; null: it doesn't")
    former_names: list[NameView] = Field(description="What the source called it before, the oldest first")
    addresses: list[AddressView] = Field(description="Its contracts")
    link: LinkView = Field(description="How it is known that it belongs to the asset")
    quote: QuoteRow | None = Field(description="Its newest quote; null when there is none")


class SpreadsView(BaseModel):
    """How far the sources are apart; null where no two can be compared."""

    price_usd: SpreadView | None = Field(description="In price")
    market_cap_usd: SpreadView | None = Field(description="In market capitalisation")


class AssetView(AssetRow, Answered, Moments):
    """One asset, all its listings side by side."""

    found_by: FoundBy | None = Field(
        description="The listing whose id was given; null when the asset was asked for by its own name"
    )
    spread: SpreadsView = Field(description="How far its sources are apart")
    data: list[ListingView] = Field(description="Its listings, source by source")


@router.get("/assets/{asset}", response_model=AssetView, summary="One asset", responses=UNKNOWN)
async def get_asset(
    asset: AssetId, query: Annotated[Asked, asks(Asked)], desk: Worker, exchange: Current
) -> Response:  # fmt: skip
    """All listings of one coin side by side, with their newest quotes, and how far the sources are apart.

    An id that a source has for the coin leads to its asset too.
    """
    seen = await view(desk, exchange, query)
    assets = await catalogue(desk, seen)
    found = await find(asset, desk, seen, assets)
    name, listings = found.asset, in_order(assets.by_asset[found.asset], desk.sources)
    async with desk.reader.connection() as connection:
        details = await read_details(
            connection, [one.listing_id for one in listings], seen.snapshot.version, then=query.as_of is not None
        )  # fmt: skip
    renderer = Renderer(seen.now, desk.settings.stale_after)
    members = {
        "asset": name, **called(name, seen, assets, desk.sources)._asdict(), "found_by": found.told,
        "rank": seen.board.rank(name), "sources": list(dict.fromkeys(one.source for one in listings)),
        "listings": len(listings), "listed": is_listed(listings), **summary(name, seen),
        "spread": {measure.value: _spread(measure, name, seen) for measure in Measure},
        "data": [_listing(one, details[one.listing_id], seen, renderer) for one in listings], **seen.moments,
    }  # fmt: skip
    return answer(question(f"/assets/{asset}", query), members)


def _spread(measure: Measure, asset: str, seen: View) -> dict[str, Any] | None:
    spread = seen.board.spread(measure, asset)
    return None if spread is None else told(spread, seen.snapshot)


def _listing(listing: Listing, details: Details, seen: View, renderer: Renderer) -> dict[str, Any]:
    quote = seen.snapshot.row(listing.listing_id)
    symbol, name = (quote.symbol, quote.crypto_name) if quote else (listing.symbol, listing.name)
    # Coin lists and quotes write tickers in other cases, or call a coin otherwise: neither makes a former name.
    shown = {((symbol or "").casefold(), name), ((listing.symbol or "").casefold(), listing.name)}
    former = []
    for was in details.said:
        key = ((was[0] or "").casefold(), was[1])
        if key not in shown and any(was):
            shown.add(key)
            former.append({"symbol": was[0], "name": was[1]})
    return {
        "source": listing.source, "dataset": listing.dataset or None, "crypto_id": listing.crypto_id,
        "symbol": symbol, "name": name, "active": listing.active, "former_names": former,
        "addresses": [{"chain": chain, "address": text} for chain, text in details.addresses],
        "link": {"method": details.method, "confidence": msgspec.Raw(details.confidence.encode()),
                 "since": details.since, "unlinked": details.unlinked},
        "quote": quote and msgspec.Raw(renderer.one(quote).encode()),
    }  # fmt: skip
