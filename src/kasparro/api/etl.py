"""`/etl`: asking for a run, and what is being worked on."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kasparro.api.answers import answer
from kasparro.api.desk import Worker
from kasparro.api.exchange import Current
from kasparro.api.gate import needs
from kasparro.api.problems import Problem, ProblemDetails, unacceptable
from kasparro.api.quotes import Answered
from kasparro.api.runs import RunView, view
from kasparro.ingest.schedule import next_scheduled
from kasparro.observability.traces import current_trace
from kasparro.store.checkpoints import list_checkpoints
from kasparro.store.errors import IdempotencyConflict
from kasparro.store.keys import Scope
from kasparro.store.queue import Occupied, clock, enqueue, queue_state
from kasparro.store.runs import get_run

router = APIRouter(tags=["etl"])
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemDetails, "description": "No key, or one that opens nothing"},
    403: {"model": ProblemDetails, "description": "The key's scope is too small, or no key exists at all"},
    408: {"model": ProblemDetails, "description": "The body did not come in time"},
    409: {
        "model": ProblemDetails,
        "description": "A run waits or works, or the key came with other sources before; `Location` says which run",
    },
    413: {"model": ProblemDetails, "description": "The body is too large"},
}


class RunRequest(BaseModel):
    """What to run."""

    model_config = ConfigDict(extra="forbid")
    sources: list[str] | None = Field(
        None, min_length=1, max_length=20, description="Only these sources; all of ETL_SOURCES without it",
        examples=[["coingecko"]],
    )  # fmt: skip


class Accepted(Answered):
    """A run that waits for a worker, or one that the same `Idempotency-Key` has asked for before."""

    run_id: int = Field(description="The run's number; `/runs/{run_id}` shows it", examples=[42])
    status: str = Field(description="queued, or what became of the run asked for before", examples=["queued"])
    sources: list[str] = Field(description="The sources that take part", examples=[["coingecko"]])


class CheckpointView(BaseModel):
    """How far a stream of a source has been committed."""

    source: str = Field(description="The source", examples=["coingecko"])
    stream: str = Field(description="The stream: quotes, the coin list, or a file", examples=["markets"])
    complete: bool = Field(description="Whether nothing of the last sweep or file is left")
    updated_at: datetime = Field(description="When its last page was committed, UTC")
    loads: int = Field(description="Pages committed")
    seen: int = Field(description="Records of all its payloads: `new` + `unchanged` + `rejected`")
    new: int = Field(description="Records that became quotes")
    unchanged: int = Field(description="Records that the ledger already had")
    rejected: int = Field(description="Records that were not accepted")


class EtlStatus(Answered):
    """What is being worked on."""

    running: list[RunView] = Field(description="Runs that a process works on now, with their counts so far")
    queued: RunView | None = Field(description="The run that waits for a worker")
    next_scheduled: datetime | None = Field(description="When the schedule asks for the next run, UTC; null when off")
    schedule: str = Field(description="ETL_SCHEDULE: a cron expression in UTC, or `off`", examples=["0 * * * *"])
    checkpoints: list[CheckpointView] = Field(description="How far each stream of each source is")


@router.post(
    "/etl/run", status_code=202, response_model=Accepted, responses=_ERRORS, dependencies=[needs(Scope.RUN)],
    summary="Ask for a run",
)  # fmt: skip
async def run(
    request: Request, desk: Worker, exchange: Current, body: RunRequest | None = None,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=200, pattern=r"^[!-~]+$",
               description="The same key gives the same run again, however often it is sent"),
    ] = None,
) -> Response:  # fmt: skip
    """Put a run into the queue. A worker takes it up; `Location` is where to watch it. Needs a key of scope `run`."""
    wanted = tuple(dict.fromkeys((body.sources if body else None) or request.app.state.etl_sources))
    for name in wanted:
        if name not in desk.sources:
            raise unacceptable("sources", name, f"Any of {', '.join(desk.sources)} is accepted")
    async with desk.writer.connection() as connection:
        try:
            found = await enqueue(
                connection, wanted, asked_by="api", idempotency_key=idempotency_key, traceparent=current_trace()
            )
        except IdempotencyConflict as error:
            # Each by itself the request is good: it conflicts with what is there, like one that comes too early.
            accepted = f"Run {error.run_id} was asked for with this key and other sources. Use a new key"
            raise Problem(
                409, accepted, headers={"Location": f"/runs/{error.run_id}"},
                errors=[{"parameter": "Idempotency-Key", "given": idempotency_key, "accepted": accepted}],
            ) from None  # fmt: skip
        asked_before = await get_run(connection, found.run_id) if getattr(found, "repeated", False) else None
    location = f"/runs/{found.run_id}"
    if isinstance(found, Occupied):
        raise Problem(409, f"Run {found.run_id} is {found.status}. Ask again when it has ended",
                      headers={"Location": location})  # fmt: skip
    status = asked_before.status if asked_before else "queued"
    members = {"run_id": found.run_id, "status": status, "sources": wanted}
    answered = answer(None, members, {"location": location})
    answered.status_code = 202
    return answered


@router.get("/etl/status", response_model=EtlStatus, summary="What is being worked on")
async def status(desk: Worker, exchange: Current) -> Response:
    """What runs now with its progress, what waits, what comes next, and how far each stream is."""
    await desk.stamp(exchange)  # a database that is away is told by it at once
    async with desk.reader.connection() as connection:
        state = await queue_state(connection)
        checkpoints = await list_checkpoints(connection)
        now = await clock(connection)
    members = {
        "running": [view(run) for run in state.running],
        "queued": view(state.queued) if state.queued else None,
        "next_scheduled": next_scheduled(desk.settings.etl_schedule, now),
        "schedule": desk.settings.etl_schedule,
        "checkpoints": [
            {name: getattr(point, name) for name in CheckpointView.model_fields if name != "complete"}
            | {"complete": bool(point.cursor.get("complete"))}
            for point in checkpoints
        ],
    }
    return answer(None, members)
