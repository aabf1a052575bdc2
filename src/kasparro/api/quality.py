"""`/rejections` and `/drift`: what was not accepted, and how the sources' fields changed."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import Numbered, without_folders
from kasparro.api.asking import asks
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Text
from kasparro.api.quotes import Answered
from kasparro.store.rejections import list_drift, list_rejections

router = APIRouter(tags=["quality"])


class QualityQuery(Numbered):
    """Which ones."""

    source: Text | None = Field(None, description="Only of this source")


class RejectionsQuery(QualityQuery):
    """Which rejections."""

    resolved: bool = Field(False, description="Those that were accepted later too")


class RejectionView(BaseModel):
    """One record that was not accepted. The same record rejected again counts up `times`."""

    rejection_id: int = Field(description="Its number", examples=[7])
    source: str = Field(description="The source", examples=["coingecko"])
    stream: str = Field(description="The stream that it came with", examples=["markets"])
    load_id: int = Field(description="The page that first brought it")
    ordinal: int = Field(description="The record's position in the payload, from 0")
    reason: str = Field(description="The reason's code", examples=["bad_number"])
    detail: str = Field(description="What is wrong with it")
    record: str = Field(description="The record as it was sent, shortened")
    times: int = Field(description="How often it came")
    known_at: datetime = Field(description="When it first came, UTC")
    resolved_load_id: int | None = Field(description="The page that accepted it later")


class RejectionPage(Answered):
    """A page of rejections, newest first."""

    data: list[RejectionView] = Field(description="The rejections of the page")
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


class DriftView(BaseModel):
    """One change of a source's fields."""

    drift_id: int = Field(description="Its number", examples=[3])
    source: str = Field(description="The source", examples=["coingecko"])
    stream: str = Field(description="The stream that showed it", examples=["markets"])
    field: str = Field(description="The field's name", examples=["price"])
    kind: str = Field(description="new, missing, type or renamed", examples=["renamed"])
    found: str = Field(description="What was found instead", examples=["price_usd"])
    confidence: float | None = Field(description="How likely a rename is, from 0 to 1")
    required: bool = Field(description="Whether the field is one without which a payload is no data")
    load_id: int = Field(description="The page that first showed it")
    known_at: datetime = Field(description="When it was first seen, UTC")


class DriftPage(Answered):
    """A page of drift events, newest first."""

    data: list[DriftView] = Field(description="The drift events of the page")
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


@router.get("/rejections", response_model=RejectionPage, summary="What was not accepted")
async def rejections(
    query: Annotated[RejectionsQuery, asks(RejectionsQuery)], desk: Worker, exchange: Current
) -> Response:
    """Records that failed validation, newest first, with the reason. `kasparro replay` tries them again."""
    source = desk.known_source(query.source)
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        found = await list_rejections(
            connection, source=source, include_resolved=query.resolved, limit=query.limit + 1,
            before=query.before,
        )  # fmt: skip
    rows = [msgspec.structs.asdict(one) | {"detail": without_folders(one.detail)} for one in found]
    return query.page("/rejections", rows, "rejection_id")


@router.get("/drift", response_model=DriftPage, summary="How the sources' fields changed")
async def drift(query: Annotated[QualityQuery, asks(QualityQuery)], desk: Worker, exchange: Current) -> Response:
    """Fields that appeared, vanished, were renamed or changed type, newest first."""
    source = desk.known_source(query.source)
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        found = await list_drift(
            connection, source=source, limit=query.limit + 1,
            before=query.before,
        )  # fmt: skip
    return query.page("/drift", [msgspec.structs.asdict(one) for one in found], "drift_id")
