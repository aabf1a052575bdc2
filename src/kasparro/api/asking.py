"""Asking: query parameters read into a model, checked by name and by value, and described.

FastAPI can do the same and takes longer for it than the whole rest of an answer.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.routing import BaseRoute

from kasparro.api.problems import Problem, unknown_parameter


def asks(model: type[BaseModel]) -> Any:
    """A dependency that gives what the query asks for as a `model`."""

    async def read(request: Request) -> BaseModel:
        try:
            return model.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors()]) from None

    read.asks = model  # type: ignore[attr-defined]
    return Depends(read)


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route doesn't have, and those given twice. Raises Problem."""
    if not request.scope["query_string"]:
        return
    known = _names(request.scope["route"])
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise unknown_parameter(name, known)
        if name in seen:
            accepted = f"{name} is accepted once"
            raise Problem(422, accepted, errors=[{"parameter": name, "given": None, "accepted": accepted}])
        seen.add(name)


def describe(made: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Add what the models ask for to the description of the API."""
    for route in routes:
        model = _model(route) if isinstance(route, APIRoute) and route.include_in_schema else None
        if model is None or not isinstance(route, APIRoute):
            continue
        schema = model.model_json_schema()
        described = [
            _parameter(name, about, required=name in schema.get("required", ()))
            for name, about in schema["properties"].items()
        ]
        for method in route.methods or ():
            operation = made["paths"][route.path_format][method.lower()]
            operation["parameters"] = [*operation.get("parameters", ()), *described]


def _parameter(name: str, about: dict[str, Any], *, required: bool) -> dict[str, Any]:
    schema = {key: value for key, value in about.items() if key not in ("description", "title", "examples")}
    if "anyOf" in schema:
        # A query can't say null: what is optional is left out.
        kinds = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
        schema |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    schema = {_BOUNDS.get(key, key): value for key, value in schema.items()}
    if schema.get("default", ...) is None:
        del schema["default"]
    parameter = {"name": name, "in": "query", "required": required, "description": about["description"]}
    if examples := about.get("examples"):
        if required:
            parameter["example"] = examples[0]
        else:  # In words: `/docs` fills in whatever is an example, and all filters together let nothing through.
            parameter["description"] += f", such as `{examples[0]}`"
    return parameter | {"schema": schema}


_BOUNDS = {"ge": "minimum", "le": "maximum"}
"""What pydantic calls the bounds of an optional number that is read by a function of ours."""

_NAMES: dict[str, list[str]] = {}
"""The parameters' names by route: they never change."""


def _names(route: APIRoute) -> list[str]:
    names = _NAMES.get(route.unique_id)
    if names is None:
        model = _model(route)
        names = _NAMES[route.unique_id] = sorted(model.model_fields) if model else []
    return names


def _model(route: APIRoute) -> type[BaseModel] | None:
    found = (getattr(inner.call, "asks", None) for inner in route.dependant.dependencies)
    return next((model for model in found if model is not None), None)
