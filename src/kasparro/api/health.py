"""Health: whether it lives, whether it's ready, whether the data is fresh. Never limited, never kept."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.desk import Desk, Worker
from kasparro.errors import KasparroError
from kasparro.store.errors import DatabaseUnavailable
from kasparro.store.runs import list_runs
from kasparro.store.schema import require_schema
from kasparro.store.summary import summarise

log = structlog.stdlib.get_logger(__name__)
router = APIRouter(tags=["health"])
_PATIENCE_S = 0.8
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class LastRun(BaseModel):
    """The last run that ended."""

    run_id: int = Field(description="Its number", examples=[42])
    source: str = Field(description="Its sources, separated by commas", examples=["coinpaprika,coingecko,csv"])
    records_processed: int = Field(description="Records seen", examples=[3020])
    success: bool = Field(description="Whether all its steps succeeded")
    started_at: datetime | None = Field(description="When it began, UTC")
    ended_at: datetime | None = Field(description="When it ended, UTC")


class Health(BaseModel):
    """Whether the database answers."""

    status: str = Field(description="healthy, or unhealthy", examples=["healthy"])
    database: str = Field(description="connected, or disconnected", examples=["connected"])
    timestamp: datetime = Field(description="Now, UTC")
    last_etl_run: LastRun | None = Field(description="Null before the first run has ended")


class Check(BaseModel):
    """One component."""

    status: str = Field(description="ok, stale or failed", examples=["ok"])
    latency_ms: float | None = Field(description="How long it took to answer", examples=[0.4])
    detail: str | None = Field(description="What is wrong; null when nothing is")


class Freshness(BaseModel):
    """One source."""

    source: str = Field(description="The source", examples=["coingecko"])
    last_success: datetime | None = Field(description="When it last took part in a run with success, UTC")
    last_update: datetime | None = Field(description="When a page last brought something new, UTC")
    lag_seconds: float | None = Field(description="Seconds since its last success")
    fresh: bool = Field(description="Whether the last success is younger than STALE_AFTER")
    quota_used: int = Field(description="Calls of this month")


class DetailedHealth(Health):
    """Component by component, source by source."""

    checks: dict[str, Check] = Field(description="The components by name")
    sources: list[Freshness] = Field(description="The sources; empty when the database doesn't answer")


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(description="Always alive", examples=["alive"])


@router.get("/livez", response_model=Alive, summary="Does the process answer?")
async def livez() -> Response:
    """200 as long as the process answers; it touches nothing."""
    return _plain({"status": "alive"})


@router.get(
    "/readyz", response_model=Check, summary="Can it work?", responses={503: {"model": Check, "description": "Not yet"}}
)
async def readyz(desk: Worker) -> Response:
    """200 when the pool gives a connection and the tables are those of this version."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await desk.stamps.ask()
            async with desk.reader.connection(patience=_PATIENCE_S) as connection:
                await require_schema(connection)
    except (KasparroError, TimeoutError) as error:
        log.info("not_ready", error=str(error))
        detail = "the tables aren't those of this version" if _answers(error) else "the database doesn't answer"
        return _plain({"status": "failed", "latency_ms": _since(began), "detail": detail}, 503)
    return _plain({"status": "ok", "latency_ms": _since(began), "detail": None})


@router.get(
    "/health", response_model=Health, summary="Is it healthy?",
    responses={503: {"model": Health, "description": "The database doesn't answer"}},
)  # fmt: skip
async def health(desk: Worker) -> Response:
    """200 when the database answers now, else 503 within a second."""
    found, _ = await _look(desk)
    return _plain(found, 200 if found["status"] == "healthy" else 503)


@router.get(
    "/health/detailed", response_model=DetailedHealth, summary="Is it healthy, part by part?",
    responses={503: {"model": DetailedHealth, "description": "The database doesn't answer"}},
)  # fmt: skip
async def detailed(desk: Worker) -> Response:
    """Each component with the time it took to answer, each source with its freshness."""
    found, latency = await _look(desk)
    healthy = found["status"] == "healthy"
    checks: dict[str, dict[str, Any]] = {
        "database": {"status": "ok" if healthy else "failed", "latency_ms": latency,
                     "detail": None if healthy else "the database doesn't answer"}
    }  # fmt: skip
    sources: list[dict[str, Any]] = []
    if healthy:
        began = time.perf_counter()
        async with desk.reader.connection() as connection:
            summaries = await summarise(connection, desk.sources)
        now = datetime.now(UTC)
        for summary in summaries:
            lag = (now - summary.last_success).total_seconds() if summary.last_success else None
            sources.append({"source": summary.source, "last_success": summary.last_success,
                            "last_update": summary.last_update, "lag_seconds": lag, "quota_used": summary.quota_used,
                            "fresh": lag is not None and lag <= desk.settings.stale_after})  # fmt: skip
        fresh = all(source["fresh"] for source in sources)
        checks["ledger"] = {"status": "ok" if fresh else "stale", "latency_ms": _since(began),
                            "detail": None if fresh else "not every source had a success lately"}  # fmt: skip
    return _plain(found | {"checks": checks, "sources": sources}, 200 if healthy else 503)


async def _look(desk: Desk) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    last: dict[str, Any] | None = None
    healthy = True
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await desk.stamps.ask()
            async with desk.reader.connection(patience=_PATIENCE_S) as connection:
                ended = [run for run in await list_runs(connection, limit=5) if run.ended_at and run.steps]
        if ended:
            run = ended[0]
            last = {"run_id": run.run_id, "source": ",".join(run.sources),
                    "records_processed": sum(step.seen for step in run.steps), "success": run.status == "success",
                    "started_at": run.started_at, "ended_at": run.ended_at}  # fmt: skip
    except (KasparroError, TimeoutError) as error:
        log.info("unhealthy", error=str(error))
        healthy = False
    found = {
        "status": "healthy" if healthy else "unhealthy", "database": "connected" if healthy else "disconnected",
        "timestamp": datetime.now(UTC), "last_etl_run": last,
    }  # fmt: skip
    return found, _since(began)


def _answers(error: Exception) -> bool:
    return isinstance(error, KasparroError) and not isinstance(error, DatabaseUnavailable)


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)


def _plain(members: dict[str, Any], status: int = 200) -> Response:
    return Response(_ENCODER.encode(members), status, {"cache-control": "no-store"}, "application/json")
