"""The alert rules and the dashboard ask for what `/metrics` has, and each alert says what to do."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

PROJECT = Path(__file__).parents[2]
FILES = PROJECT / "deploy" / "compose"


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load((FILES / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard that show something."""
    found = json.loads((FILES / "grafana" / "kasparro.json").read_text())["panels"]
    return [panel for panel in found if panel.get("targets")]


async def test_every_metric_that_is_named_exists(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    await api.get("/data")
    there = set()
    for family in text_string_to_metric_families((await api.get("/metrics")).text):
        there |= {family.name} | {sample.name for sample in family.samples}
        if family.type == "counter":
            there.add(f"{family.name}_total")
        if family.type == "histogram":
            there.add(f"{family.name}_bucket")

    expressions = [rule["expr"] for rule in rules()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    named = set(re.findall(r"kasparro_[a-z_]+", " ".join(expressions)))

    assert len(named) > 15
    assert named - there == set()


def test_each_alert_says_how_grave_it_is_and_leads_to_its_runbook() -> None:
    page = (PROJECT / "docs" / "operations.md").read_text()

    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert f"\n### {rule['alert']}\n" in page
    assert {rule["alert"] for rule in rules()} == set(re.findall(r"^### (Kasparro\w+)$", page, re.MULTILINE))


def test_each_alert_is_tried() -> None:
    tried = (FILES / "alerts_test.yml").read_text()

    assert {rule["alert"] for rule in rules()} == set(re.findall(r'alertname="(\w+)"', tried))


@pytest.mark.parametrize("command", ["check config prometheus.yml", "test rules alerts_test.yml"])
def test_prometheus_accepts_the_files_and_the_rules_fire_when_they_should(command: str) -> None:
    done = checked(command.split())

    assert done.returncode == 0, done.stdout + done.stderr


async def test_the_metrics_are_named_as_prometheus_would(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))

    done = checked(["check", "metrics"], given=(await api.get("/metrics")).text)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def checked(arguments: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """How Prometheus' own checker ended; skipped where it isn't installed."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return subprocess.run(["promtool", *arguments], cwd=FILES, input=given, capture_output=True, text=True, check=False)
