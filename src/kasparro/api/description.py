"""The description of the API (OpenAPI 3.1): what FastAPI finds in the resources, and what it can't know."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from kasparro.api.asking import describe
from kasparro.api.edge import EXEMPT
from kasparro.api.gate import OPEN
from kasparro.api.headers import HEADERS, IF_NONE_MATCH, header_names
from kasparro.api.links import links_of
from kasparro.api.problems import MEDIA_TYPE, ProblemDetails

ABOUT = "The price ledger you own: every quote with a receipt, every gap explained, every past day as it was known."
_MANNERS = """\
Reading is open unless the server was set up otherwise; what changes something needs a key (`kasparro key create`).

- **Numbers** have all the digits that the source sent: read them as decimals. **Times** are UTC.
- **Pages**: follow `next_cursor`, or the `Link` header. Its pages are all of the ledger as it was at the first one.
- **Unchanged answers** cost nothing: send the `ETag` of the last one as `If-None-Match` and get a 304.
- **Errors** are `application/problem+json` (RFC 9457), each with the parameter, what was given and what is accepted.
- **`X-Request-ID`** of yours comes back in the answer, and stands in the log.
"""
_TAGS = {
    "data": "The newest quote of every coin at every source, one coin's history, and exports.",
    "assets": "Each coin once, from all its sources: why they are one, what they say together, and where they differ.",
    "receipts": "Where a quote came from, to the byte.",
    "stats": "The ledger in numbers.",
    "runs": "What ran, and how runs differ.",
    "etl": "Asking for a run, and what is being worked on.",
    "quality": "What was not accepted, what looked odd, and how the sources' fields changed.",
    "health": "For those who watch: never limited, never kept.",
    "system": "What this is.",
}
_PROBLEMS = {
    "401": "No key, or one that opens nothing",
    "403": "The key's scope is too small, or no key exists at all",
    "422": "A parameter isn't accepted: which one, what was given and what is accepted",
    "429": "Too many requests: `Retry-After` tells when to come again",
    "500": "A bug. The log has more under the request's id",
    "503": "The database doesn't answer, or too many requests wait: `Retry-After` tells when to come again",
}


def operation_id(route: APIRoute) -> str:
    """The name of an operation, for links and generated clients."""
    return route.name


def make(app: FastAPI, routes: Sequence[BaseRoute], sources: tuple[str, ...], *, closed: bool) -> dict[str, Any]:
    """The description of `app` with these routes, for these sources; `closed` when reading needs a key too."""
    made = get_openapi(
        title=app.title, version=app.version, summary=ABOUT, description=_MANNERS, routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )  # fmt: skip
    describe(made, routes)
    parts = made["components"]
    schemas = parts["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = ProblemDetails.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    parts["headers"] = HEADERS
    parts["parameters"] = {"IfNoneMatch": IF_NONE_MATCH}
    examples = json.loads((files("kasparro.api") / "assets" / "docs" / "examples.json").read_text())
    for path, methods in made["paths"].items():
        for operation in methods.values():
            if closed and path not in OPEN:
                operation.setdefault("security", [{"key": []}])
            _complete(path, operation, schemas)
            _show(operation, examples)
            _name_sources(operation, sources)
    schemas["RunRequest"]["properties"]["sources"]["anyOf"][0]["items"]["enum"] = list(sources)
    return made


def _complete(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add to one operation what all have in common."""
    responses = operation["responses"]
    for status, text in _PROBLEMS.items():
        if _can_happen(status, path, operation):
            response = responses.setdefault(status, {})
            if response.get("description") in (None, "Validation Error"):
                response["description"] = text
    good = next(status for status in responses if status.startswith("2"))
    answered = _schema(responses[good], schemas)
    members = answered.get("properties", {})
    if good == "200" and "request_id" in members:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IfNoneMatch"})
        responses["304"] = {"description": "Nothing has changed since the answer with this `ETag`"}
    for status, response in responses.items():
        if status not in (good, "304") and _schema(response, schemas).get("title") in (None, "ProblemDetails"):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
        names = header_names(path, status, members)
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if responses[good]["description"] == "Successful Response":
        responses[good]["description"] = answered["description"]
    if links := links_of(operation["operationId"]):
        responses[good]["links"] = links


def _can_happen(status: str, path: str, operation: dict[str, Any]) -> bool:
    match status:
        case "401" | "403":
            return "security" in operation
        case "422" | "500":
            return True
        case _:
            return path not in EXEMPT


def _schema(response: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What a response's JSON is described by, empty when it isn't."""
    reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    found: dict[str, Any] = schemas.get(reference.rpartition("/")[2], {})
    return found


def _show(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    """Add a real answer."""
    for example in examples.get(operation["operationId"], ()):
        response = operation["responses"][example["status"]]
        response["content"][example["media_type"]]["example"] = example["answer"]


def _name_sources(operation: dict[str, Any], sources: tuple[str, ...]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter.get("name") == "source" and parameter["in"] == "query":
            parameter["schema"] = {"type": "string", "enum": list(sources)}
