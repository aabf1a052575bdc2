"""Problems: every error as RFC 9457 `application/problem+json`, naming what was given and what is accepted."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from kasparro.errors import KasparroError
from kasparro.store.errors import ConnectionLost, DatabaseRefused, DatabaseUnavailable, DiskFull, SchemaOutdated
from kasparro.store.payloads import PayloadDamaged, PayloadMissing
from kasparro.store.pool import Overloaded, TookTooLong

log = structlog.stdlib.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_SHOWN = 100
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Those of RFC 9110 that Python came to know late."""


class ProblemError(BaseModel):
    """One thing that is wrong with a request."""

    parameter: str = Field(description="The parameter, header or member of the body", examples=["limit"])
    given: str | None = Field(description="What was given, shortened", examples=["1000"])
    accepted: str = Field(description="What is accepted", examples=["Input should be less than or equal to 100"])


class ProblemDetails(BaseModel):
    """What went wrong and what to do (RFC 9457)."""

    type: str = Field("about:blank", description="Always `about:blank`: the status says what kind it is")
    title: str = Field(description="The status in words", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status", examples=[422])
    detail: str = Field(description="What happened, and what to do", examples=["limit: 1000 is not accepted"])
    instance: str = Field(description="The path that was asked for", examples=["/data"])
    request_id: str = Field(description="Stands in the log too", examples=["9f86d081884c7d65"])
    errors: list[ProblemError] = Field([], description="One entry for each thing that is wrong with the request")


class Problem(Exception):
    """An answer other than the one hoped for; `detail` is for the client's eyes."""

    def __init__(
        self, status: int, detail: str, *, errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})

    def body(self, path: str, request_id: str) -> bytes:
        """The document, as JSON."""
        title = _TITLES.get(self.status) or HTTPStatus(self.status).phrase
        errors = [{name: _clean(value) for name, value in error.items()} for error in self.errors]
        members = {"type": "about:blank", "title": title, "status": self.status, "detail": _clean(self.detail),
                   "instance": _clean(path), "request_id": request_id, "errors": errors}  # fmt: skip
        return msgspec.json.encode(members)


class TooMany(Problem):
    """More ask at a time than can be answered."""

    def __init__(self) -> None:
        super().__init__(503, "Too many requests wait. Try again in a second", headers={"Retry-After": "1"})


def unacceptable(parameter: str, given: object, accepted: str) -> Problem:
    """The problem of one parameter whose value isn't accepted."""
    shown = _short(given)
    return Problem(
        422, f"{parameter}: {shown!r} is not accepted. {accepted}",
        errors=[{"parameter": parameter, "given": shown, "accepted": accepted}],
    )  # fmt: skip


def unknown_parameter(name: str, known: Sequence[str]) -> Problem:
    """The problem of a query parameter that doesn't exist; it names the nearest one that does."""
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    accepted = f"Did you mean {near[0]}? " if near else ""
    accepted += f"Known are {', '.join(sorted(known))}" if known else "This resource takes no parameters"
    shown = _short(name)
    return Problem(
        422, f"unknown parameter {shown!r}. {accepted}",
        errors=[{"parameter": shown, "given": None, "accepted": accepted}],
    )  # fmt: skip


def problem_of(error: KasparroError) -> Problem:
    """What a client is told of an error; the log has the rest."""
    match error:
        case Overloaded():
            return TooMany()
        case DatabaseUnavailable() | ConnectionLost() | DatabaseRefused() | DiskFull():
            return Problem(
                503, "The database doesn't answer. Try again when it is back; `/health` tells",
                headers={"Retry-After": "2"},
            )  # fmt: skip
        case TookTooLong():
            return Problem(503, "The answer took too long to find. Ask for less", headers={"Retry-After": "10"})
        case PayloadDamaged():
            return _of_payload(error)
        case SchemaOutdated():
            return Problem(
                503, "The database's tables are not those of this version. Run `kasparro db migrate`",
                headers={"Retry-After": "30"},
            )  # fmt: skip
        case _:
            return Problem(500, "This is a bug. The log has more under this request's id")


def _of_payload(error: PayloadDamaged) -> Problem:
    if isinstance(error, PayloadMissing):
        return Problem(
            503, "The bytes were moved out of the database, to a file that can't be read from here. Whoever runs this "
            "server has to bring the file's folder back: the log names it, and `kasparro retention --check` all files",
            headers={"Retry-After": "60"},
        )  # fmt: skip
    return Problem(500, "The bytes that were kept are damaged. Restore the database from a backup")


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return respond(request, error)

    @app.exception_handler(KasparroError)
    async def typed(request: Request, error: KasparroError) -> Response:
        told = problem_of(error)
        log.warning("request_failed", error=error.message, status=told.status, path=request.url.path)
        return respond(request, told)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [_told(problem) for problem in error.errors()]
        detail = "; ".join(f"{e['parameter']}: {e['accepted']}" for e in errors)
        return respond(request, Problem(422, detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # FastAPI's word for bytes that aren't text
            wrong = {"parameter": "body", "given": None, "accepted": "JSON in UTF-8 is accepted"}
            return respond(request, Problem(422, "body: JSON in UTF-8 is accepted", errors=[wrong]))
        detail = {
            404: "There is no such path. `/` lists those there are, `/docs` explains them",
            405: "The path exists, but not with this method",
        }.get(error.status_code, str(error.detail))
        headers = dict(error.headers or {})
        if headers.get("Allow") == "GET":
            headers["Allow"] = "GET, HEAD"
        return respond(request, Problem(error.status_code, detail, headers=headers))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        log.error("request_broke", error=f"{type(error).__name__}: {error}", path=request.url.path)
        log.debug("request_broke_at", exc_info=error)
        return respond(request, Problem(500, "This is a bug. The log has more under this request's id"))


def respond(request: Request, problem: Problem) -> Response:
    """`problem` as the answer to `request`."""
    body = problem.body(request.url.path, request.scope["exchange"].request_id)
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def _told(problem: Mapping[str, Any]) -> dict[str, Any]:
    where = [str(part) for part in problem["loc"] if part not in ("query", "path", "header", "body")]
    if problem["type"] == "json_invalid":
        return {"parameter": "body", "given": None, "accepted": 'JSON such as {"sources": ["csv"]} is accepted'}
    accepted = str(problem["msg"]).removeprefix("Value error, ")
    given = None if problem["type"] == "missing" else _short(problem.get("input"))
    return {"parameter": ".".join(where) or "body", "given": given, "accepted": accepted}


def _clean(value: Any) -> Any:
    """A text with nothing in it that UTF-8 can't say: JSON can hold half of a character, as `\\ud800`."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _short(given: object) -> str:
    text = given if isinstance(given, str) else repr(given)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
