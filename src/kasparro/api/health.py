"""Health: whether it lives, whether it's ready, whether the data is fresh. Never limited, never kept."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kasparro.api.desk import Desk, Worker
from kasparro.api.watch import PATIENCE_S, Watch
from kasparro.errors import KasparroError
from kasparro.store.errors import SchemaOutdated
from kasparro.store.summary import SourceSummary

log = structlog.stdlib.get_logger(__name__)
router = APIRouter(tags=["health"])
_ENCODER = msgspec.json.Encoder(decimal_format="number")


async def _of(request: Request) -> Any:  # else FastAPI calls it in a thread
    return request.app.state.watch


Watching = Annotated[Watch, Depends(_of)]
"""The watch of the worker that answers."""


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
    quota_limit: int | None = Field(
        description="Calls of a month that its plan allows, as of the last call; null where no limit is known",
        examples=[10000],
    )  # fmt: skip


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
async def readyz(desk: Worker, watch: Watching) -> Response:
    """200 when the tables are those of this version and a connection is free for a request."""
    began = time.perf_counter()
    detail = "the database doesn't answer"
    try:
        async with asyncio.timeout(PATIENCE_S):
            try:
                await watch.schema()
            except SchemaOutdated:
                detail = "the tables aren't those of this version"
                raise
            detail = "all connections are busy"
            async with desk.reader.connection(patience=PATIENCE_S):
                pass
    except (KasparroError, TimeoutError) as error:
        log.info("not_ready", error=_reason(error))
        return _plain({"status": "failed", "latency_ms": _since(began), "detail": detail}, 503)
    return _plain({"status": "ok", "latency_ms": _since(began), "detail": None})


@router.get(
    "/health", response_model=Health, summary="Is it healthy?",
    responses={503: {"model": Health, "description": "The database doesn't answer"}},
)  # fmt: skip
async def health(watch: Watching) -> Response:
    """200 when the database answers now, else 503 within a second."""
    found, _ = await _look(watch)
    return _plain(found, 200 if found["status"] == "healthy" else 503)


@router.get(
    "/health/detailed", response_model=DetailedHealth, summary="Is it healthy, part by part?",
    responses={503: {"model": DetailedHealth, "description": "The database doesn't answer, or not in time"}},
)  # fmt: skip
async def detailed(desk: Worker, watch: Watching) -> Response:
    """Each component with the time it took to answer, each source with its freshness; 503 within two seconds when the
    database doesn't answer or the ledger's figures don't come in time."""
    found, latency = await _look(watch)
    healthy = found["status"] == "healthy"
    checks = {"database": _check(latency, failed=None if healthy else "the database doesn't answer")}
    sources: list[dict[str, Any]] = []
    if healthy:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_S):
                totals = await watch.totals()
        except (KasparroError, TimeoutError) as error:
            log.warning("unhealthy", check="ledger", error=_reason(error))
            found["status"] = "unhealthy"
            checks["ledger"] = _check(_since(began), failed="its figures did not come in time")
        else:
            sources = [_freshness(summary, desk) for summary in totals.sources]
            stale = None if all(source["fresh"] for source in sources) else "not every source had a success lately"
            checks["ledger"] = _check(_since(began), stale=stale)
    return _plain(found | {"checks": checks, "sources": sources}, 200 if found["status"] == "healthy" else 503)


async def _look(watch: Watch) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    last: dict[str, Any] | None = None
    healthy = True
    try:
        async with asyncio.timeout(PATIENCE_S):
            run = await watch.last_run()
        if run is not None:
            last = {"run_id": run.run_id, "source": ",".join(run.sources),
                    "records_processed": sum(step.seen for step in run.steps), "success": run.status == "success",
                    "started_at": run.started_at, "ended_at": run.ended_at}  # fmt: skip
    except (KasparroError, TimeoutError) as error:
        log.warning("unhealthy", check="database", error=_reason(error))
        healthy = False
    found = {
        "status": "healthy" if healthy else "unhealthy", "database": "connected" if healthy else "disconnected",
        "timestamp": datetime.now(UTC), "last_etl_run": last,
    }  # fmt: skip
    return found, _since(began)


def _freshness(summary: SourceSummary, desk: Desk) -> dict[str, Any]:
    lag = (datetime.now(UTC) - summary.last_success).total_seconds() if summary.last_success else None
    return {"source": summary.source, "last_success": summary.last_success, "last_update": summary.last_update,
            "lag_seconds": lag, "quota_used": summary.quota_used, "quota_limit": summary.quota_limit,
            "fresh": lag is not None and lag <= desk.settings.stale_after}  # fmt: skip


def _check(latency: float, *, failed: str | None = None, stale: str | None = None) -> dict[str, Any]:
    status = "failed" if failed else "stale" if stale else "ok"
    return {"status": status, "latency_ms": latency, "detail": failed or stale}


def _reason(error: Exception) -> str:
    return str(error) or f"no answer within {PATIENCE_S} s"


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)


def _plain(members: dict[str, Any], status: int = 200) -> Response:
    return Response(_ENCODER.encode(members), status, {"cache-control": "no-store"}, "application/json")
