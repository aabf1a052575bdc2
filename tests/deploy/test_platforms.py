"""`render.yaml` and `railway.json`: no schema of theirs is in any package, so the fields are held to their pages."""

import json
from typing import Any

import yaml

from tests.deploy.tools import PROJECT

SERVICE = {
    "type", "name", "runtime", "plan", "dockerfilePath", "dockerCommand", "preDeployCommand", "healthCheckPath",
    "maxShutdownDelaySeconds", "envVars",
}  # fmt: skip
VARIABLE = ({"key", "value"}, {"key", "generateValue"}, {"key", "sync"}, {"key", "fromDatabase"}, {"fromGroup"})
RAILWAY = {
    "startCommand", "healthcheckPath", "healthcheckTimeout", "restartPolicyType", "restartPolicyMaxRetries",
    "overlapSeconds", "drainingSeconds",
}  # fmt: skip


def render() -> dict[str, Any]:
    found = yaml.safe_load((PROJECT / "render.yaml").read_text())
    assert isinstance(found, dict)
    return found


def test_render_s_blueprint_has_only_known_fields() -> None:
    blueprint = render()
    assert set(blueprint) == {"databases", "services", "envVarGroups"}
    for service in blueprint["services"]:
        assert set(service) <= SERVICE
        assert all(set(variable) in VARIABLE for variable in service["envVars"])
    for group in blueprint["envVarGroups"]:
        assert all(set(variable) == {"key", "value"} for variable in group["envVars"])


def test_render_s_services_use_what_the_blueprint_makes() -> None:
    blueprint = render()
    (database,) = blueprint["databases"]
    groups = {group["name"] for group in blueprint["envVarGroups"]}
    for service in blueprint["services"]:
        variables = {variable.get("key", "group"): variable for variable in service["envVars"]}
        assert variables["DATABASE_URL"]["fromDatabase"] == {"name": database["name"], "property": "connectionString"}
        assert variables["group"]["fromGroup"] in groups
    assert database["ipAllowList"] == []


def test_render_makes_the_key_and_asks_for_those_of_providers() -> None:
    given = {
        variable["key"]: variable
        for service in render()["services"]
        for variable in service["envVars"]
        if "key" in variable
    }
    secret = {name: variable for name, variable in given.items() if name.endswith("_KEY")}
    assert secret.keys() == {"API_ADMIN_KEY", "COINGECKO_API_KEY", "COINPAPRIKA_API_KEY"}
    assert not [name for name, variable in secret.items() if "value" in variable]


def test_railway_s_file_has_only_known_fields() -> None:
    found = json.loads((PROJECT / "railway.json").read_text())
    assert set(found) == {"$schema", "build", "deploy"}
    assert found["build"] == {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}
    assert set(found["deploy"]) == RAILWAY
