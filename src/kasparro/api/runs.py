"""`/runs`: what ran, one run in full, and two side by side."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer, without_folders
from kasparro.api.asking import asks
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import MAX_ID, Text
from kasparro.api.problems import Problem, ProblemDetails
from kasparro.api.quotes import Answered
from kasparro.store.runs import Run, get_run, list_runs

router = APIRouter(tags=["runs"])
RunStatus = Literal["queued", "running", "success", "partial", "failed", "interrupted"]
RunId = Annotated[int, Path(ge=1, le=MAX_ID, description="The run's number", examples=[1])]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails, "description": "There is no such run"}}
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


class Anomaly(BaseModel):
    """A difference that deserves a look."""

    source: str = Field(description="The source")
    reason: str = Field(description="no_part, failed_since, fewer_records or more_rejected", examples=["fewer_records"])
    severity: Literal["notice", "warning"] = Field(description="How much it matters")
    detail: str = Field(description="What differs")


class Comparison(Answered):
    """Two runs side by side."""

    base: RunView = Field(description="The run to compare with")
    other: RunView = Field(description="The run to compare")
    differences: list[Difference] = Field(description="Every count of every source")
    anomalies: list[Anomaly] = Field(description="Differences that deserve a look; empty when nothing is odd")


class RunsQuery(BaseModel):
    """Which runs."""

    limit: int = Field(20, ge=1, le=100, description="Runs of a page")
    status: RunStatus | None = Field(None, description="Only runs that are or ended so")
    source: Text | None = Field(None, description="Only runs that this source takes part in")
    cursor: str | None = Field(None, pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before")


class CompareQuery(BaseModel):
    """Which two runs."""

    base: int = Field(ge=1, le=MAX_ID, description="The run to compare with", examples=[1])
    other: int = Field(ge=1, le=MAX_ID, description="The run to compare", examples=[2])


@router.get("/runs", response_model=RunPage, summary="What ran")
async def get_runs(query: Annotated[RunsQuery, asks(RunsQuery)], desk: Worker, exchange: Current) -> Response:
    """The newest runs, newest first, each with its steps."""
    await desk.stamp(exchange)
    before, source = int(query.cursor) if query.cursor else None, desk.known_source(query.source)
    async with desk.reader.connection() as connection:
        runs = await list_runs(connection, limit=query.limit + 1, before=before, status=query.status, source=source)
    following = str(runs[query.limit - 1].run_id) if len(runs) > query.limit else None
    given = query.model_dump(exclude_unset=True, exclude_none=True)
    headers = {"link": f'</runs?{urlencode(given | {"cursor": following})}>; rel="next"'} if following else {}
    members = {"data": [view(run) for run in runs[: query.limit]], "next_cursor": following}
    return answer(f"/runs?{urlencode(sorted(given.items()))}", members, headers)


@router.get("/runs/compare", response_model=Comparison, summary="Two runs side by side", responses=_UNKNOWN)
@router.get(
    "/compare-runs", name="compare_runs_too", response_model=Comparison, summary="Two runs side by side",
    responses=_UNKNOWN,
)  # fmt: skip
async def compare_runs(query: Annotated[CompareQuery, asks(CompareQuery)], desk: Worker, exchange: Current) -> Response:
    """What two runs did, source by source, with the differences and what is odd about them."""
    await desk.stamp(exchange)
    base, other = await _run(desk, query.base, "base"), await _run(desk, query.other, "other")
    differences = _differences(base, other)
    members = {
        "base": view(base), "other": view(other), "differences": differences,
        "anomalies": _anomalies(base, other),
    }  # fmt: skip
    return answer(f"/runs/compare?{query.base}&{query.other}", members)


@router.get("/runs/{run_id}", response_model=RunAnswer, summary="One run", responses=_UNKNOWN)
async def get_one(run_id: RunId, desk: Worker, exchange: Current) -> Response:
    """One run with its steps."""
    await desk.stamp(exchange)
    run = await _run(desk, run_id, "run_id")
    # A running one changes with every page, which the ledger's version tells.
    return answer(f"/runs/{run_id}", view(run))


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


def _anomalies(base: Run, other: Run) -> list[dict[str, str]]:
    """Plain comparisons of two runs; what is odd against all that came before is another question."""
    found: list[dict[str, str]] = []

    def tell(source: str, reason: str, severity: str, detail: str) -> None:
        found.append({"source": source, "reason": reason, "severity": severity, "detail": detail})

    steps = {step.source: step for step in other.steps}
    for before in base.steps:
        after = steps.get(before.source)
        if after is None:
            tell(before.source, "no_part", "notice", "it took part in the first run only")
            continue
        if before.status == "success" and after.status not in ("success", "running"):
            tell(before.source, "failed_since", "warning", f"{after.status}, {before.status} before")
        if before.seen and after.seen < before.seen * 0.9 and after.status != "running":
            tell(before.source, "fewer_records", "warning", f"{after.seen:,} records, {before.seen:,} before")
        if after.rejected > before.rejected:
            tell(before.source, "more_rejected", "warning", f"{after.rejected:,} rejected, {before.rejected:,} before")
    return found
