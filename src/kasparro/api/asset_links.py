"""`/assets/{asset}/links`: why listings belong to an asset, and to which they belonged before."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.asking import asks
from kasparro.api.asset_names import UNKNOWN, AssetId, Found, FoundBy, find
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current
from kasparro.api.problems import Problem
from kasparro.api.quotes import Answered
from kasparro.api.suggestions import SuggestionView, suggestion
from kasparro.api.views import Moments, Paged, View, catalogue, page_of, view
from kasparro.market.catalogue import Catalogue
from kasparro.store.assets import Decision, read_decisions
from kasparro.store.suggested import Judged, suggestions_about, verdicts_about

router = APIRouter(tags=["assets"])
_SUGGESTED = 100


class DecisionView(BaseModel):
    """A decision about one listing."""

    source: str = Field(description="The listing's source", examples=["coingecko"])
    dataset: str | None = Field(description="Its file, for coins from CSV files")
    crypto_id: str = Field(description="Its id there", examples=["bitcoin"])
    asset: str = Field(description="The asset that it was linked to", examples=["bitcoin"])
    method: str = Field(description="What links it; `own` when nothing does", examples=["address"])
    confidence: float = Field(description="How sure that is, from 0 to 1", examples=[0.99])
    evidence: dict[str, Any] = Field(description="What the decision rests on, and what speaks against it")
    since: datetime = Field(description="When it was decided, UTC")
    until: datetime | None = Field(description="When another decision took its place, UTC; null while it stands")
    run_id: int | None = Field(description="The run that it followed; null when a person asked for it")


class ListingId(BaseModel):
    """A listing."""

    source: str = Field(description="Its source", examples=["coingecko"])
    dataset: str | None = Field(description="Its file, for coins from CSV files")
    crypto_id: str = Field(description="Its id there", examples=["bitcoin"])


class VerdictView(BaseModel):
    """What a person decided of two listings."""

    verdict_id: int = Field(description="Its number; `kasparro identity undo` takes it back", examples=[1])
    one: ListingId = Field(description="The one listing")
    other: ListingId = Field(description="The other listing")
    same: bool = Field(description="Whether they are one coin")
    note: str = Field(description="Why, in the person's words")
    decided_at: datetime = Field(description="When, UTC")
    withdrawn_at: datetime | None = Field(description="When it was taken back, UTC; null while it stands")


class LinksView(Answered, Moments):
    """A page of the decisions about an asset's listings, newest first."""

    asset: str = Field(description="The asset", examples=["bitcoin"])
    found_by: FoundBy | None = Field(
        description="The listing whose id was given; null when the asset was asked for by its own name"
    )
    data: list[DecisionView] = Field(
        description="The decisions about the listings that belong to it, or ever did, newest first"
    )
    total: int = Field(description="Decisions in all", examples=[2])
    page: int = Field(description="Which page this is, from 1", examples=[1])
    page_size: int = Field(description="Entries that a page may have", examples=[20])
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")
    suggestions: list[SuggestionView] | None = Field(
        description="What waits for a person's decision about its listings, the likeliest first; null at a past moment,"
        " since only today's are kept"
    )
    verdicts: list[VerdictView] = Field(description="What people decided about its listings, newest first")


@router.get("/assets/{asset}/links", response_model=LinksView, summary="Why listings are one asset", responses=UNKNOWN)
async def get_asset_links(
    asset: AssetId, query: Annotated[Paged, asks(Paged)], desk: Worker, exchange: Current
) -> Response:  # fmt: skip
    """Every decision that linked a listing to the asset, or away from it, with its evidence.

    With `as_of` they are those known at that moment.
    """
    seen = await view(desk, exchange, query)
    assets = await catalogue(desk, seen)
    found, gone = await _find(asset, desk, seen, assets)
    listings = [one.listing_id for one in assets.by_asset.get(found.asset, ())]
    async with desk.reader.connection() as connection:
        total, decisions = await read_decisions(
            connection, found.asset, seen.snapshot.version, limit=query.limit, offset=query.start
        )  # fmt: skip
        if gone is not None and not total:
            raise gone
        waiting = None
        if query.as_of is None:
            waiting = [suggestion(one) for one in await suggestions_about(connection, listings, _SUGGESTED)]
        verdicts = await verdicts_about(connection, listings, query.as_of)
    more = {
        "asset": found.asset, "found_by": found.told, "suggestions": waiting,
        "verdicts": [_verdict(one) for one in verdicts],
    }  # fmt: skip
    if seen.as_of is not None:
        seen = seen._replace(as_of=max([seen.as_of, *_moments(verdicts)]))
    return page_of(f"/assets/{asset}/links", query, seen, [_decision(one) for one in decisions], total, more)


async def _find(text: str, desk: Desk, seen: View, assets: Catalogue) -> tuple[Found, Problem | None]:
    """The asset, also one that has no listings any more; then the problem that it is, if nothing is known of it."""
    try:
        return await find(text, desk, seen, assets), None
    except Problem as gone:
        return Found(text.casefold(), None), gone


def _moments(verdicts: list[Judged]) -> list[datetime]:
    """When something was decided or taken back: known as well, though the ledger had no change since."""
    return [at for one in verdicts for at in (one.decided_at, one.withdrawn_at) if at is not None]


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "source": one.source, "dataset": one.dataset or None, "crypto_id": one.crypto_id, "asset": one.asset,
        "method": one.method, "confidence": msgspec.Raw(one.confidence.encode()),
        "evidence": msgspec.Raw(one.evidence.encode()), "since": one.since, "until": one.until, "run_id": one.run_id,
    }  # fmt: skip


def _verdict(one: Judged) -> dict[str, Any]:
    return {
        "verdict_id": one.verdict_id, "one": msgspec.Raw(one.one.encode()), "other": msgspec.Raw(one.other.encode()),
        "same": one.same, "note": one.note, "decided_at": one.decided_at, "withdrawn_at": one.withdrawn_at,
    }  # fmt: skip
