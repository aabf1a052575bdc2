"""`/coverage`: what came in on each day from each source."""

from datetime import date, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.asking import asks
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import Whole
from kasparro.api.quotes import EPOCH, Answered
from kasparro.store.coverage import read_coverage

router = APIRouter(tags=["quality"])


class CoverageQuery(BaseModel):
    """How far back."""

    days: Whole = Field(30, ge=1, le=366, description="Days, today included")


class CoverageDay(BaseModel):
    """One source's records of one day, by when the ledger came to know them: `seen` is `new` + `unchanged` +
    `rejected`."""

    source: str = Field(description="The source", examples=["coingecko"])
    day: date = Field(description="The day, in UTC", examples=["2026-11-20"])
    loads: int = Field(description="Pages committed", examples=[96])
    refused: int = Field(description="Of these, payloads that were no data")
    seen: int = Field(description="Records of all payloads", examples=[24000])
    new: int = Field(description="Records that became quotes")
    unchanged: int = Field(description="Records that the ledger already had")
    rejected: int = Field(description="Records that were not accepted")


class Coverage(Answered):
    """What came in, day by day."""

    today: date = Field(description="The last of the days, in UTC", examples=["2026-11-20"])
    days: int = Field(description="How many days were asked for", examples=[30])
    data: list[CoverageDay] = Field(description="By source and day; a day on which nothing came has no entry")


@router.get("/coverage", response_model=Coverage, summary="What came in on each day")
async def coverage(
    query: Annotated[CoverageQuery, asks(CoverageQuery)], desk: Worker, exchange: Current
) -> Response:  # fmt: skip
    """Records of each source and day (UTC) that runs brought, by when they became known. A day that is missing is a
    gap."""
    stamp = await desk.stamp(exchange)
    today = (EPOCH + timedelta(minutes=stamp.minute)).replace(hour=0, minute=0)
    async with desk.reader.connection() as connection:
        found = await read_coverage(connection, today - timedelta(days=query.days - 1))
    members = {"today": today.date(), "days": query.days, "data": [msgspec.structs.asdict(one) for one in found]}
    return answer(f"/coverage?{query.days}", members)
