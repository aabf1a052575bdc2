"""`/assets/{asset}/price`: what the sources of an asset say together, and where each stood."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.asking import asks
from kasparro.api.asset_names import UNKNOWN, AssetId, FoundBy, find
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.quotes import Answered
from kasparro.api.views import Asked, Moments, View, catalogue, plain, question, view
from kasparro.market.consensus import Consensus, SourceStand, Stand

router = APIRouter(tags=["assets"])


class QuorumView(BaseModel):
    """Whether enough sources voted."""

    voted: int = Field(description="Sources with a fresh price", examples=[3])
    needed: int = Field(description="Sources that are needed for one to confirm another", examples=[2])
    reached: bool = Field(description="Whether that is enough")


class StandView(BaseModel):
    """Where one source stood."""

    source: str = Field(description="The source", examples=["coingecko"])
    stand: Stand = Field(
        description="voted; outlier (voted, far from the others); stale; missing (no price); invalid (not above zero)"
    )
    crypto_ids: list[str] = Field(description="Its listings that speak for it", examples=[["bitcoin"]])
    price_usd: float | None = Field(description="What it says, in US dollars")
    observed_at: datetime = Field(description="The moment of its quote by its own clock, UTC")
    deviation_percent: float | None = Field(
        description="How far that is above the consensus, in percent; null without one", examples=[-0.12]
    )


class PriceView(Answered, Moments):
    """The consensus: the median of one vote a source."""

    asset: str = Field(description="The asset", examples=["bitcoin"])
    found_by: FoundBy | None = Field(
        description="The listing whose id was given; null when the asset was asked for by its own name"
    )
    price_usd: float | None = Field(description="The median of the votes, to the last digit; null when nobody votes")
    reason: str | None = Field(description="Why there is no price, or none to rely on; null when all is well")
    quorum: QuorumView = Field(description="Whether enough sources voted")
    agreed: bool | None = Field(
        description="Whether more than half of the votes lie close together; null when fewer than two voted"
    )
    dispersion_percent: float | None = Field(
        description="The votes' median absolute deviation, in percent of the price; null when fewer than two voted"
    )
    spread_percent: float | None = Field(
        description="How far the highest vote is above the lowest, in percent of the price"
    )
    sources: list[StandView] = Field(description="Where each source stood")
    simulated: bool = Field(description="Whether one of the quotes has made-up numbers")


@router.get("/assets/{asset}/price", response_model=PriceView, summary="The consensus price", responses=UNKNOWN)
async def get_asset_price(
    asset: AssetId, query: Annotated[Asked, asks(Asked)], desk: Worker, exchange: Current
) -> Response:  # fmt: skip
    """One price from all sources: the median of their fresh prices, one vote a source.

    While most sources are honest, no other can move it farther than the honest ones differ. When there is no price,
    or none that is confirmed, `reason` says why.
    """
    seen = await view(desk, exchange, query)
    found = await find(asset, desk, seen, await catalogue(desk, seen))
    said = seen.board.consensus(found.asset)
    members = {
        "asset": found.asset, "found_by": found.told, "price_usd": plain(said.price_usd),
        "reason": _reason(said, desk.settings.stale_after),
        "quorum": {"voted": said.quorum.voted, "needed": said.quorum.needed, "reached": said.quorum.reached},
        "agreed": said.agreed, "dispersion_percent": plain(said.dispersion_percent),
        "spread_percent": plain(said.spread_percent),
        "sources": [_stand(one, seen) for one in said.sources],
        "simulated": any(row.simulated for row in seen.board.quotes(found.asset)), **seen.moments,
    }  # fmt: skip
    return answer(question(f"/assets/{asset}/price", query), members)


def _stand(one: SourceStand, seen: View) -> dict[str, Any]:
    rows = [row for listing in one.listing_ids if (row := seen.snapshot.row(listing)) is not None]
    return {
        "source": one.source, "stand": one.stand, "crypto_ids": [row.crypto_id for row in rows],
        "price_usd": plain(one.price_usd), "observed_at": one.observed_at,
        "deviation_percent": plain(one.deviation_percent),
    }  # fmt: skip


def _reason(said: Consensus, stale_after: int) -> str | None:
    if not said.sources:
        return "No source has a quote of it"
    if said.price_usd is None:
        if any(one.stand is Stand.STALE for one in said.sources):
            return f"No price is younger than {stale_after} seconds (STALE_AFTER)"
        return "No source has a price above zero"
    if not said.quorum.reached:
        alone = next(one.source for one in said.sources if one.stand is Stand.VOTED)
        return f"Only {alone} has a fresh price, and nobody confirms it"
    if not said.agreed:
        return f"The fresh prices differ by {said.spread_percent:f} %, and nobody can tell who is right"
    return None
