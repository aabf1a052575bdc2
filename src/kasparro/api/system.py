"""`/` and `/system/info`: what this is."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from kasparro import __version__
from kasparro.api.answers import answer
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.preferences import weights
from kasparro.api.quotes import Answered

router = APIRouter(tags=["system"])
_ENDPOINTS = {
    "health": "/health", "data": "/data", "assets": "/assets", "universe": "/universe",
    "disagreements": "/disagreements", "suggestions": "/suggestions", "stats": "/stats", "runs": "/runs",
    "etl": "/etl/status",
    "rejections": "/rejections", "anomalies": "/anomalies", "drift": "/drift", "coverage": "/coverage",
    "system": "/system/info",
    "metrics": "/metrics",
}  # fmt: skip
"""Each can be followed as it is, by people and by programs; what needs an id is reached from there."""


class Welcome(Answered):
    """What this is and where to go on."""

    message: str = Field(description="What this is", examples=["Kasparro: the price ledger you own"])
    version: str = Field(description="Kasparro's version", examples=["0.1.0"])
    docs: str = Field(description="Where the documentation is", examples=["/docs"])
    endpoints: dict[str, str] = Field(
        description="The main resources; each can be followed as it is", examples=[{"data": "/data"}]
    )


class SystemInfo(Answered):
    """What runs here. Nothing of it is secret."""

    version: str = Field(description="Kasparro's version", examples=["0.1.0"])
    commit: str | None = Field(description="The commit that it was built from, where that is known")
    python: str = Field(description="Python's version", examples=["3.11.7"])
    platform: str = Field(description="Operating system and processor", examples=["Linux x86_64"])
    started_at: datetime = Field(description="When this worker started, UTC")
    uptime_seconds: float = Field(description="Seconds since `started_at`", examples=[3600.5])
    database_version: str = Field(description="PostgreSQL's version", examples=["18.6"])
    sources: list[str] = Field(description="The sources that there are", examples=[["coinpaprika", "coingecko", "csv"]])
    workers: int = Field(description="Processes that answer", examples=[1])


@router.get("/", response_model=Welcome, summary="Welcome")
async def welcome(exchange: Current) -> Response:
    """What this is and where to go on. A browser, which asks for a page, is sent to the dashboard."""
    accepted = weights(exchange.headers.get("accept") or "")
    if accepted.get("text/html", 0.0) > accepted.get("application/json", accepted.get("*/*", 0.0)):
        return RedirectResponse("/dashboard", 303, {"vary": "accept"})
    return answer(
        None,
        {
            "message": "Kasparro: the price ledger you own", "version": __version__, "docs": "/docs",
            "endpoints": _ENDPOINTS,
        },
    )  # fmt: skip


@router.get("/system/info", response_model=SystemInfo, summary="What runs here")
async def info(request: Request, desk: Worker, exchange: Current) -> Response:
    """Versions, platform, uptime."""
    await desk.stamp(exchange)  # a database that is away is told by it at once
    async with desk.reader.connection() as connection:
        number = connection.info.server_version
    return answer(
        None,
        {
            "version": __version__, "commit": request.app.state.commit, "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}", "started_at": desk.started,
            "uptime_seconds": round((datetime.now(UTC) - desk.started).total_seconds(), 1),
            "database_version": f"{number // 10_000}.{number % 10_000}", "sources": desk.sources,
            "workers": desk.settings.api_workers,
        },
    )  # fmt: skip


def commit() -> str | None:
    """The commit that this was built from: KASPARRO_COMMIT, else what git says of a checkout; None when neither."""
    if named := os.environ.get("KASPARRO_COMMIT"):
        return named[:40]
    project = Path(__file__).parents[3]
    if not (project / ".git").exists():
        return None
    try:
        asked = subprocess.run(
            ["git", "-C", str(project), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=2
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.strip() or None
