"""`/stats`: the ledger in numbers."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.quotes import Answered
from kasparro.store.runs import Run, list_runs
from kasparro.store.summary import summarise

router = APIRouter(tags=["stats"])
_RECENT = 10


class SourceStats(BaseModel):
    """One source in numbers. Times are UTC, null when it has not happened yet."""

    source: str = Field(description="The source", examples=["coingecko"])
    total_records: int = Field(description="Quotes in the ledger, all versions", examples=[12000])
    total_raw_records: int = Field(description="Records of all payloads, those met again included", examples=[24000])
    listings: int = Field(description="Coins with a newest quote", examples=[1000])
    last_checkpoint: datetime | None = Field(description="When its last page was committed")
    last_update: datetime | None = Field(description="When a page last brought something new")
    last_success: datetime | None = Field(description="When it last took part in a run with success")
    last_failure: datetime | None = Field(description="When it last failed in a run")


class RecentRun(BaseModel):
    """One source's part of a recent run."""

    run_id: int = Field(description="The run's number", examples=[42])
    source: str = Field(description="The source", examples=["coingecko"])
    started_at: datetime = Field(description="When it began, UTC")
    ended_at: datetime | None = Field(description="Null while it runs")
    records_processed: int = Field(description="Records seen", examples=[1000])
    success: bool = Field(description="Whether `status` is `success`")
    status: str = Field(description="running, success, failed or interrupted", examples=["success"])
    duration_seconds: float | None = Field(description="Null while it runs", examples=[3.2])


class Stats(Answered):
    """The ledger in numbers."""

    total_cleaned_records: int = Field(description="Quotes in the ledger, all versions", examples=[24000])
    total_raw_api_records: int = Field(description="Records of all payloads of providers", examples=[48000])
    total_raw_csv_records: int = Field(description="Records of all chunks of CSV files", examples=[20])
    sources: list[SourceStats] = Field(description="Source by source")
    recent_etl_runs: list[RecentRun] = Field(description="The last runs, source by source, newest first")


class StatsSummary(Answered):
    """The shortest account of the ledger."""

    total_records: int = Field(description="Quotes in the ledger", examples=[24000])
    last_successful_run: datetime | None = Field(description="When a run last ended with success, UTC")
    records_by_source: dict[str, int] = Field(description="Quotes by source", examples=[{"coingecko": 12000}])


@router.get("/stats", response_model=Stats, summary="Totals, sources, recent runs")
async def get_stats(desk: Worker, exchange: Current) -> Response:
    """Totals and recent runs. It costs the same however much the ledger holds."""
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        sources = await summarise(connection, desk.sources)
        runs = await list_runs(connection, limit=_RECENT)
    raw = {summary.source: summary.total_raw_records for summary in sources}
    return answer(
        "/stats",
        {
            "total_cleaned_records": sum(summary.total_records for summary in sources),
            "total_raw_api_records": sum(raw.values()) - raw.get("csv", 0),
            "total_raw_csv_records": raw.get("csv", 0),
            "sources": [{name: getattr(summary, name) for name in SourceStats.model_fields} for summary in sources],
            "recent_etl_runs": [part for run in runs for part in _parts(run)],
        },
    )


@router.get("/stats/summary", response_model=StatsSummary, summary="Totals only")
async def get_summary(desk: Worker, exchange: Current) -> Response:
    """Totals by source, and when a run last ended with success."""
    await desk.stamp(exchange)
    async with desk.reader.connection() as connection:
        sources = await summarise(connection, desk.sources)
        last = await list_runs(connection, limit=1, status="success")
    return answer(
        "/stats/summary",
        {
            "total_records": sum(summary.total_records for summary in sources),
            "last_successful_run": last[0].ended_at if last else None,
            "records_by_source": {summary.source: summary.total_records for summary in sources},
        },
    )


def _parts(run: Run) -> list[dict[str, object]]:
    return [
        {
            "run_id": run.run_id, "source": step.source, "started_at": step.started_at, "ended_at": step.ended_at,
            "records_processed": step.seen, "success": step.status == "success", "status": step.status,
            "duration_seconds": (step.ended_at - step.started_at).total_seconds() if step.ended_at else None,
        }
        for step in run.steps
    ]  # fmt: skip
