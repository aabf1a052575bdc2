"""`/suggestions`: which listings may be one coin, and wait for a person to say so."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.asking import asks
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Whole
from kasparro.api.quotes import Answered
from kasparro.store.suggested import Suggested, read_suggestions

router = APIRouter(tags=["assets"])


class SuggestionsQuery(BaseModel):
    """Which page."""

    limit: Whole = Field(20, ge=1, le=100, description="Entries of a page")
    offset: Whole = Field(0, ge=0, le=1_000_000_000, description="Entries to skip")


class SuggestedListing(BaseModel):
    """A listing that may be the same coin as another one."""

    source: str = Field(description="Its source", examples=["coingecko"])
    dataset: str | None = Field(description="Its file, for coins from CSV files")
    crypto_id: str = Field(description="Its id there", examples=["bitcoin"])
    symbol: str | None = Field(description="Its ticker", examples=["btc"])
    name: str | None = Field(description="Its name", examples=["Bitcoin"])
    asset: str | None = Field(description="The asset that it belongs to", examples=["bitcoin"])


class SuggestionView(BaseModel):
    """Two listings that may be one coin: for a person to decide, never a link."""

    one: SuggestedListing = Field(description="The one listing")
    other: SuggestedListing = Field(description="The other listing")
    score: float = Field(description="How likely it is, from 0 to 1", examples=[0.8])
    reason: str = Field(description="Why it is no link")
    evidence: dict[str, Any] = Field(description="What speaks for it and against it")
    since: datetime = Field(description="Since when it waits, UTC")


class SuggestionPage(Answered):
    """A page of what waits for a person."""

    data: list[SuggestionView] = Field(description="The suggestions of the page, the likeliest first")
    total: int = Field(description="How many wait", examples=[3])


@router.get("/suggestions", response_model=SuggestionPage, summary="What waits for a person")
async def list_suggestions(
    query: Annotated[SuggestionsQuery, asks(SuggestionsQuery)], desk: Worker, exchange: Current
) -> Response:
    """Listings that are likely, but not surely, one coin. `kasparro identity review` decides, for ever."""
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        total, found = await read_suggestions(connection, limit=query.limit, offset=query.offset)
    question = f"/suggestions?limit={query.limit}&offset={query.offset}"
    return answer(question, {"data": [suggestion(one) for one in found], "total": total})


def suggestion(one: Suggested) -> dict[str, Any]:
    """A suggestion as a SuggestionView's members."""
    return {
        "one": msgspec.Raw(one.one.encode()), "other": msgspec.Raw(one.other.encode()),
        "score": msgspec.Raw(one.score.encode()), "reason": one.reason, "evidence": msgspec.Raw(one.evidence.encode()),
        "since": one.since,
    }  # fmt: skip
