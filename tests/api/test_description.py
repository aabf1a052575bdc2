"""The description of the API is complete and true: all is described, and every answer is as described."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema
import pytest

from tests.api.serving import app_of, running
from tests.api.shown import differences, read_real
from tests.api.small import KEY, PROJECT

PROBLEM = "application/problem+json"
EXAMPLES: dict[str, list[dict[str, Any]]] = json.loads(
    (PROJECT / "src" / "kasparro" / "api" / "assets" / "docs" / "examples.json").read_text()
)


@pytest.fixture(scope="module")
def described(small: str) -> dict[str, Any]:
    """The description that the server gives."""
    found: dict[str, Any] = httpx2.get(f"{small}/openapi.json").json()
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(described: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What `node` refers to, or is."""
    if "$ref" in node:
        for name in node["$ref"].removeprefix("#/").split("/"):
            described = described[name]
        return described
    return node


def undescribed(schema: dict[str, Any], where: str) -> Iterator[str]:
    """The members below a schema that say nothing of themselves."""
    for name, member in schema.get("properties", {}).items():
        if not member.get("description"):
            yield f"{where}.{name}"
        yield from undescribed(member, f"{where}.{name}")
    for kind in [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]:
        yield from undescribed(kind, where)


def test_everything_is_described(described: dict[str, Any]) -> None:
    silent = []
    for path, method, operation in operations(described):
        where = f"{method} {path}"
        silent += [f"{where} {part}" for part in ("summary", "description", "operationId") if not operation.get(part)]
        for given in operation.get("parameters", ()):
            parameter = resolved(described, given)
            silent += [] if parameter.get("description") else [f"{where} {parameter['name']}"]
        for status, response in operation["responses"].items():
            if response["description"] in ("", "Successful Response", "Validation Error"):
                silent.append(f"{where} {status}")
            for name, header in response["headers"].items():
                silent += [] if resolved(described, header).get("description") else [f"{where} {status} {name}"]
            for media_type in response.get("content", {}).values():
                assert media_type["schema"], f"{where} {status}"
    for name, schema in described["components"]["schemas"].items():
        silent += [] if schema.get("description") else [name]
        silent += undescribed(schema, name)
    assert silent == []
    tags = {tag["name"] for tag in described["tags"] if tag["description"]}
    assert {tag for *_, operation in operations(described) for tag in operation["tags"]} == tags


def _bounded(schema: dict[str, Any]) -> bool:
    kinds = schema.get("anyOf", [schema])
    return all("minimum" in kind for kind in kinds if kind.get("type") in ("integer", "number"))


def test_numbers_that_can_be_asked_for_have_their_bounds_described(described: dict[str, Any]) -> None:
    given = [
        resolved(described, one) for *_, operation in operations(described) for one in operation.get("parameters", ())
    ]
    assert sum(_bounded(one["schema"]) for one in given) > 50
    assert [one["name"] for one in given if not _bounded(one["schema"])] == []


def test_errors_are_problems_and_those_that_can_happen_are_listed(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        responses = operation["responses"]
        for status, response in responses.items():
            if status >= "400" and (path, status) not in {
                (p, "503") for p in ("/readyz", "/health", "/health/detailed")
            }:
                assert set(response["content"]) == {PROBLEM}, f"{method} {path} {status}"
        assert {"422", "500"} <= set(responses)
        watched = "health" in operation["tags"]
        assert ("429" in responses) is not watched, path
        assert ("404" in responses) is (("{" in path) or "compare" in path), path
    run = described["paths"]["/etl/run"]["post"]
    assert {"401", "403", "408", "409", "413"} <= set(run["responses"]) and run["security"] == [{"key": []}]
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_links_lead_to_operations_and_parameters_that_exist(described: dict[str, Any]) -> None:
    known = {
        operation["operationId"]: {resolved(described, one)["name"] for one in operation.get("parameters", ())}
        for *_, operation in operations(described)
    }
    assert len(known) == len(list(operations(described)))
    links = [
        link for *_, operation in operations(described) for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]  # fmt: skip
    assert len(links) > 15
    for link in links:
        assert set(link["parameters"]) <= known[link["operationId"]], link


def strict(described: dict[str, Any], node: Any) -> Any:
    """A schema that knows no members but those described."""
    if isinstance(node, list):
        return [strict(described, one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: strict(described, value) for key, value in node.items()}
    return made | {"additionalProperties": False} if isinstance(node.get("properties"), dict) else made


def test_every_get_resource_with_json_has_an_example(described: dict[str, Any]) -> None:
    wanted = {
        operation["operationId"] for *_, method, operation in operations(described)
        if method == "get" and "application/json" in operation["responses"]["200"]["content"]
    }  # fmt: skip
    assert wanted - set(EXAMPLES) == {"compare_runs_too"}


def ask(address: str, example: dict[str, Any]) -> httpx2.Response:
    method, path = example["request"].split(" ", 1)
    headers = {} if example["status"] == "401" else {"authorization": f"Bearer {KEY}"}
    return httpx2.request(method, address + path, headers=headers)


@pytest.mark.parametrize("operation_id", EXAMPLES)
def test_answers_are_as_described_and_as_shown(
    small: str, several: str, described: dict[str, Any], operation_id: str
) -> None:
    [operation] = [one for *_, one in operations(described) if one["operationId"] == operation_id]
    for example in EXAMPLES[operation_id]:
        answer = ask({"small": small, "several": several}[example.get("ledger", "small")], example)
        assert str(answer.status_code) == example["status"], answer.text
        response = operation["responses"][example["status"]]
        told = response["content"][answer.headers["content-type"].partition(";")[0]]
        assert told["example"] == example["answer"]
        for name, header in response["headers"].items():
            assert name.lower() in answer.headers or not resolved(described, header)["required"], name
        if isinstance(example["answer"], str):
            assert len(answer.text.splitlines()) == len(example["answer"].splitlines())
            continue
        assert differences(read_real(json.dumps(example["answer"])), read_real(answer.text)) == [], answer.text
        whole = {"components": strict(described, described["components"]), **strict(described, told["schema"])}
        jsonschema.Draft202012Validator(whole).validate(answer.json())


@pytest.mark.parametrize("path", ["/data", "/runs", "/stats", "/data/bitcoin", "/quotes/1048576/receipt"])
def test_json_answers_have_an_etag(small: str, path: str) -> None:
    assert httpx2.get(small + path).headers["etag"].startswith('W/"')


async def test_where_reading_needs_a_key_that_is_described(url: str) -> None:
    async with running(app_of(url, api_require_key=True)) as client:
        described = (await client.get("/openapi.json")).json()
    needing = {path for path, _, operation in operations(described) if operation.get("security")}
    assert set(described["paths"]) - needing == {"/", "/livez", "/readyz", "/health"}
    for path in needing:
        assert {"401", "403"} <= set(next(iter(described["paths"][path].values()))["responses"])
