"""Prometheus, the alert rules and the dashboard, against a running installation."""

import json
import time

import httpx2
import pytest
import yaml

from tests.containers.engine import Docker
from tests.containers.stack import PROJECT, Stack

RULES = PROJECT / "deploy" / "compose"
PROMETHEUS = str(yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["prometheus"]["image"])


@pytest.fixture(scope="module")
def asked(stack: Stack, docker: Docker) -> str:
    """The root of a Prometheus that has scraped the API a few times."""
    if not docker.has(PROMETHEUS):
        pytest.skip(f"{PROMETHEUS} isn't here")
    stack.up()
    stack.wait_for_run()
    stack.profiles = ("sandbox", "monitoring")
    stack.compose("up", "-d", "--no-deps", "prometheus")
    root = f"http://127.0.0.1:{stack.prometheus_port}"
    stack.wait_for(f"{root}/-/ready")
    deadline = time.monotonic() + 60
    while not values(root, 'up{job="kasparro"} == 1 and on() count_over_time(kasparro_database_up[2m]) > 1'):
        stack.ask("/data")
        assert time.monotonic() < deadline
        time.sleep(1)
    return root


def test_the_rules_are_right_and_fire_when_they_should(docker: Docker) -> None:
    if not docker.has(PROMETHEUS):
        pytest.skip(f"{PROMETHEUS} isn't here")
    tool = ("--entrypoint", "promtool", "-v", f"{RULES}:/rules:ro", PROMETHEUS)

    for command in (("check", "config", "/rules/prometheus.yml"), ("test", "rules", "/rules/alerts_test.yml")):
        done = docker.start(*tool, *command)
        assert done.code == 0, done.out + done.err


def test_prometheus_has_the_rules_and_none_fires(asked: str) -> None:
    groups = httpx2.get(f"{asked}/api/v1/rules").json()["data"]["groups"]
    rules = {rule["name"]: rule for group in groups for rule in group["rules"]}

    assert set(rules) == {rule["alert"] for group in loaded("alerts.yml")["groups"] for rule in group["rules"]}
    assert {name: rule["health"] for name, rule in rules.items() if rule["health"] != "ok"} == {}
    assert values(asked, 'ALERTS{alertstate="firing", severity="critical"}') == []


def test_every_panel_of_the_dashboard_shows_something(asked: str) -> None:
    empty = [expression for expression in expressions() if not values(asked, expression)]

    assert empty == []


def loaded(name: str) -> dict[str, list[dict[str, list[dict[str, str]]]]]:
    """A file of rules."""
    found: dict[str, list[dict[str, list[dict[str, str]]]]] = yaml.safe_load((RULES / name).read_text())
    return found


def expressions() -> list[str]:
    """What the dashboard's panels ask."""
    dashboard = json.loads((RULES / "grafana" / "kasparro.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def values(root: str, expression: str) -> list[object]:
    """What Prometheus finds for an expression."""
    answer = httpx2.get(f"{root}/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", answer
    found: list[object] = answer["data"]["result"]
    return found
