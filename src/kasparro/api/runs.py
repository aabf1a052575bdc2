"""`/runs`: what ran, one run in full, and two side by side."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from kasparro.api.anomalies import SeverityCounts
from kasparro.api.answers import Numbered, answer, without_folders
from kasparro.api.asking import asks
from kasparro.api.comparing import Odd, odd
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import DIGITS, MAX_ID, Text, Whole
from kasparro.api.problems import Problem, ProblemDetails
from kasparro.api.quotes import Answered
from kasparro.store.anomalies import count_by_severity, list_anomalies
from kasparro.store.runs import Run, get_run, list_runs

router = APIRouter(tags=["runs"])
RunStatus = Literal["queued", "running", "success", "partial", "failed", "interrupted"]
RunId = Annotated[int, Path(ge=1, le=MAX_ID, description="The run's number", examples=[1]), DIGITS]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails, "description": "There is no such run"}}
_WORST = 50
"""Anomalies of a run that are shown beside another."""
_COUNTS = ("seen", "new", "unchanged", "rejected", "retracted", "requests", "retries", "duplicates")


class StepView(BaseModel):
    """One source's part of a run: `seen` is `new` + `unchanged` + `rejected`."""

    source: str = Field(description="The source", examples=["coingecko"])
    status: str = Field(description="running, success, failed or interrupted", examples=["success"])
    started_at: datetime = Field(description="When it began")
    ended_at: datetime | None = Field(description="Null while it runs")
    seen: int = Field(description="Records of all payloads fetched")
    new: int = Field(description="Records that became quotes")
    unchanged: int = Field(description="Records that the ledger already had")
    rejected: int = Field(description="Records that were not accepted; `/rejections` has them")
    retracted: int = Field(description="Quotes taken back when their payloads were read anew")
    requests: int = Field(description="Requests that the source answered, or files read")
    retries: int = Field(description="Requests that had to be tried again")
    duplicates: int = Field(description="Of `unchanged`, those met twice in this run")
    seconds: dict[str, float] = Field(description="Seconds by phase, and in all as `total`")
    error: str | None = Field(description="What went wrong; null when nothing did")
    remedy: str | None = Field(description="What to do about it")
    notes: list[str] = Field(description="What else is worth knowing")
    simulated: bool = Field(description="Whether the numbers are made up: the sandbox's or a sample's")


class RunView(BaseModel):
    """One ETL run. Times are UTC."""

    run_id: int = Field(description="Its number", examples=[42])
    kind: str = Field(description="ingest, replay or reprocess", examples=["ingest"])
    status: RunStatus = Field(description="What has become of it")
    sources: list[str] = Field(description="The sources that take part")
    asked_by: str = Field(description="command, schedule or api", examples=["schedule"])
    scheduled_for: datetime | None = Field(description="The schedule's moment that it serves")
    requested_at: datetime = Field(description="When it was asked for")
    started_at: datetime | None = Field(description="Null while it waits")
    ended_at: datetime | None = Field(description="Null until it has ended")
    duration_seconds: float | None = Field(description="From start to end; null until it has ended")
    steps: list[StepView] = Field(description="Its parts, one for each source")


class RunAnswer(RunView, Answered):
    """One run."""

    anomalies: SeverityCounts = Field(description="How many it was the first to find; `/anomalies?run_id=` has them")


class RunPage(Answered):
    """A page of runs, newest first."""

    data: list[RunView] = Field(description="The runs of the page")
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


class Difference(BaseModel):
    """One count of one source in two runs."""

    source: str = Field(description="The source", examples=["coingecko"])
    measure: str = Field(description="What is counted, as in a step; `seconds` is the time in all", examples=["seen"])
    base: float | None = Field(description="Null when the source had no part in it")
    other: float | None = Field(description="Null when the source had no part in it")
    change: float | None = Field(description="`other` less `base`")
    change_percent: float | None = Field(description="Of `base`; null when that is 0")


class Comparison(Answered):
    """Two runs side by side."""

    base: RunView = Field(description="The run to compare with")
    other: RunView = Field(description="The run to compare")
    differences: list[Difference] = Field(description="Every count of every source")
    anomalies: list[Odd] = Field(
        description="What deserves a look: differences of the two, then the worst anomalies of each; empty when "
        "nothing is odd"
    )


class RunsQuery(Numbered):
    """Which runs."""

    status: RunStatus | None = Field(None, description="Only runs that are or ended so")
    source: Text | None = Field(None, description="Only runs that this source takes part in")


class CompareQuery(BaseModel):
    """Which two runs."""

    base: Whole = Field(ge=1, le=MAX_ID, description="The run to compare with", examples=[1])
    other: Whole = Field(ge=1, le=MAX_ID, description="The run to compare", examples=[2])


@router.get("/runs", response_model=RunPage, summary="What ran")
async def get_runs(query: Annotated[RunsQuery, asks(RunsQuery)], desk: Worker, exchange: Current) -> Response:
    """The newest runs, newest first, each with its steps."""
    await desk.stamp(exchange)
    source = desk.known_source(query.source)
    async with desk.reader.connection() as connection:
        runs = await list_runs(
            connection, limit=query.limit + 1, before=query.before, status=query.status, source=source
        )  # fmt: skip
    return query.page("/runs", [view(run) for run in runs], "run_id")


@router.get("/runs/compare", response_model=Comparison, summary="Two runs side by side", responses=_UNKNOWN)
@router.get(
    "/compare-runs", name="compare_runs_too", response_model=Comparison, summary="Two runs side by side",
    responses=_UNKNOWN,
)  # fmt: skip
async def compare_runs(query: Annotated[CompareQuery, asks(CompareQuery)], desk: Worker, exchange: Current) -> Response:
    """What two runs did, source by source, with the differences and what is odd about them."""
    await desk.stamp(exchange)
    base, other = await _run(desk, query.base, "base"), await _run(desk, query.other, "other")
    async with desk.reader.connection() as connection:
        kept = [
            anomaly for run_id in sorted({query.base, query.other})
            for anomaly in await list_anomalies(connection, limit=_WORST, run_id=run_id, worst_first=True)
        ]  # fmt: skip
    members = {
        "base": view(base), "other": view(other), "differences": _differences(base, other),
        "anomalies": odd(base, other, kept),
    }  # fmt: skip
    return answer(f"/runs/compare?{query.base}&{query.other}", members)


@router.get("/runs/{run_id}", response_model=RunAnswer, summary="One run", responses=_UNKNOWN)
async def get_one(run_id: RunId, desk: Worker, exchange: Current) -> Response:
    """One run with its steps."""
    await desk.stamp(exchange)
    run = await _run(desk, run_id, "run_id")
    async with desk.reader.connection() as connection:
        counts = await count_by_severity(connection, run_id)
    # A running one changes with every page, which the ledger's version tells.
    return answer(f"/runs/{run_id}", view(run) | {"anomalies": counts})


async def _run(desk: Desk, run_id: int, parameter: str) -> Run:
    async with desk.reader.connection() as connection:
        run = await get_run(connection, run_id)
    if run is None:
        accepted = "`/runs` lists those there are"
        raise Problem(
            404, f"There is no run {run_id}. {accepted}",
            errors=[{"parameter": parameter, "given": str(run_id), "accepted": accepted}],
        )  # fmt: skip
    return run


def view(run: Run) -> dict[str, Any]:
    """A run as the API shows it: without the machine and the folders that it worked on."""
    members = {name: getattr(run, name) for name in RunView.model_fields if hasattr(run, name)}
    took = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None
    steps = []
    for step in run.steps:
        shown = {name: getattr(step, name) for name in StepView.model_fields}
        shown |= {name: shown[name] and without_folders(shown[name]) for name in ("error", "remedy")}
        shown["notes"] = [without_folders(note) for note in step.notes]
        steps.append(shown)
    return members | {"duration_seconds": took, "steps": steps}


def _measures(run: Run) -> dict[str, dict[str, float]]:
    return {
        step.source: {name: getattr(step, name) for name in _COUNTS} | {"seconds": step.seconds.get("total", 0.0)}
        for step in run.steps
    }


def _differences(base: Run, other: Run) -> list[dict[str, Any]]:
    before, after = _measures(base), _measures(other)
    found = []
    for source in dict.fromkeys([*before, *after]):
        for measure in (*_COUNTS, "seconds"):
            old, new = before.get(source, {}).get(measure), after.get(source, {}).get(measure)
            change = round(new - old, 6) if old is not None and new is not None else None
            found.append(
                {"source": source, "measure": measure, "base": old, "other": new, "change": change,
                 "change_percent": round(change / old * 100, 2) if old and change is not None else None}
            )  # fmt: skip
    return found
