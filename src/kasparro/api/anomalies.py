"""`/anomalies`: what looked odd in a run, or in a quote that it brought."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import Numbered
from kasparro.api.asking import asks
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import DIGITS, MAX_ID, StoredText, Text
from kasparro.api.quotes import Answered
from kasparro.store.anomalies import count_by_severity, count_open, last_examined, list_anomalies

router = APIRouter(tags=["quality"])
AnomalyKind = Literal[
    "fewer_records", "more_records", "slow", "more_rejected", "more_nulls", "jump", "lone_price", "frozen_price",
    "stale_clock", "not_positive", "market_cap_mismatch", "supply_above_total", "supply_above_max", "change_mismatch",
]  # fmt: skip
AnomalySeverity = Literal["info", "warning", "critical"]


class AnomaliesQuery(Numbered):
    """Which anomalies."""

    source: Text | None = Field(None, description="Only of this source")
    kind: AnomalyKind | None = Field(None, description="Only of this kind")
    severity: AnomalySeverity | None = Field(None, description="Only of this severity")
    run_id: Annotated[int, Field(ge=1, le=MAX_ID), DIGITS] | None = Field(
        None, description="Only those that this run was the first to find"
    )
    crypto_id: StoredText | None = Field(None, description="Only of the coin that has this id at its source")
    asset: StoredText | None = Field(None, description="Only of the listings of this asset")
    open: bool = Field(False, description="Only those that last and haven't ended")


class AnomalyView(BaseModel):
    """Something that deserves a look. Nothing is dropped for it: the quote is in the ledger as its source sent it."""

    anomaly_id: int = Field(description="Its number", examples=[11])
    run_id: int = Field(description="The run that was the first to find it", examples=[42])
    source: str = Field(description="The source", examples=["coingecko"])
    kind: AnomalyKind = Field(description="What is odd; docs/anomalies.md has the rule of each", examples=["jump"])
    severity: AnomalySeverity = Field(description="info: worth knowing; warning: worth a look; critical: most likely "
                                      "wrong data", examples=["warning"])  # fmt: skip
    reason: str = Field(description="Why, in a sentence")
    evidence: dict[str, Any] = Field(
        description="The numbers behind it, as floats: good to judge by, never a replacement for the exact amounts. "
        "`more` stands for as many listings beside those that are kept"
    )
    crypto_id: str | None = Field(description="The coin's id at its source; null when it concerns the source's step")
    crypto_name: str | None = Field(description="The coin's name")
    symbol: str | None = Field(description="The coin's ticker")
    dataset: str | None = Field(description="The file, for coins from CSV files")
    asset: str | None = Field(description="The asset that the listing is linked to, null while it is to none")
    quote_id: int | None = Field(description="The quote; `/quotes/{id}/receipt` tells where it came from")
    found_at: datetime = Field(description="When it was found first, UTC")
    lasting: bool = Field(description="Whether it is a state, told once while it lasts, and not an event")
    times: int = Field(description="How many runs have found it")
    last_found_at: datetime = Field(description="When it was found last, UTC")
    ended_at: datetime | None = Field(description="When a run looked and no longer found it; null while it lasts, and "
                                      "for events")  # fmt: skip


class SeverityCounts(BaseModel):
    """How many anomalies of each severity."""

    critical: int = Field(description="Most likely wrong data")
    warning: int = Field(description="Worth a look")
    info: int = Field(description="Worth knowing")


class AnomaliesMeta(BaseModel):
    """The whole of it, whatever was asked for."""

    open: int = Field(description="How many last and haven't ended")
    last_run_id: int | None = Field(description="The newest run that has ended; null before the first")
    last_run: SeverityCounts = Field(description="How many that run was the first to find")


class AnomalyPage(Answered):
    """A page of anomalies, newest first."""

    data: list[AnomalyView] = Field(description="The anomalies of the page")
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")
    meta: AnomaliesMeta = Field(description="The whole of it, whatever was asked for")


@router.get("/anomalies", response_model=AnomalyPage, summary="What looked odd")
async def anomalies(
    query: Annotated[AnomaliesQuery, asks(AnomaliesQuery)], desk: Worker, exchange: Current
) -> Response:
    """What was odd about runs and quotes, newest first, each with its reason and the numbers behind it."""
    source = desk.known_source(query.source)
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        found = await list_anomalies(
            connection, limit=query.limit + 1, before=query.before, source=source, kind=query.kind,
            severity=query.severity, run_id=query.run_id, crypto_id=query.crypto_id, asset=query.asset,
            open_only=query.open,
        )  # fmt: skip
        last = await last_examined(connection)
        counts = await count_by_severity(connection, last or 0)
        standing = await count_open(connection)
    meta = {"open": sum(standing.values()), "last_run_id": last, "last_run": counts}
    return query.page("/anomalies", [msgspec.structs.asdict(one) for one in found], "anomaly_id", meta=meta)
