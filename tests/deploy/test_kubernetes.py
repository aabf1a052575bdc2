"""The Kubernetes manifests: valid by schema, and every container confined."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.deploy.tools import PROJECT, thorough, tool

FOLDER = PROJECT / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
MANIFESTS: list[dict[str, Any]] = [made for path in FILES for made in yaml.safe_load_all(path.read_text())]


def templates() -> dict[str, dict[str, Any]]:
    """What makes pods, by name: the pods' metadata and spec."""
    found = {}
    for made in MANIFESTS:
        spec = made.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found[made["metadata"]["name"]] = spec["template"]
    return found


def test_the_kinds_are_those_documented() -> None:
    kinds = sorted(f"{made['kind']}/{made['metadata']['name']}" for made in MANIFESTS)
    assert kinds == [
        "ConfigMap/kasparro", "CronJob/kasparro-backup", "Deployment/kasparro-api", "Deployment/kasparro-worker",
        "Job/kasparro-migrate", "NetworkPolicy/kasparro", "NetworkPolicy/kasparro-api",
        "PersistentVolumeClaim/kasparro-backups", "PodDisruptionBudget/kasparro-api", "Service/kasparro",
    ]  # fmt: skip
    assert not [made for made in MANIFESTS if "namespace" in made["metadata"]]


def test_kustomize_takes_every_file() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert set(listed["resources"]) == {path.name for path in FILES}
    used = {container["image"] for pod in templates().values() for container in pod["spec"]["containers"]}
    assert used == {image["name"] for image in listed["images"]}


@pytest.mark.parametrize("name", templates())
def test_pods_are_confined(name: str) -> None:
    pod = templates()[name]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    user = re.search(r"^USER (\d+):", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert "memory" in container["resources"]["limits"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_secrets_come_by_reference_only() -> None:
    assert not [made for made in MANIFESTS if made["kind"] == "Secret"]
    for pod in templates().values():
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", []):
                assert set(variable) == {"name", "valueFrom"}
                assert variable["valueFrom"]["secretKeyRef"]["name"] == "kasparro"


def test_probes_ask_what_they_are_for() -> None:
    (api,) = templates()["kasparro-api"]["spec"]["containers"]
    asked = {probe: api[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "/livez", "readiness": "/readyz", "liveness": "/livez"}


def test_selectors_find_their_pods() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in templates().items()}
    for made in MANIFESTS:
        spec = made.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector is None:
            continue
        wanted = selector.get("matchLabels", selector).items()
        assert [name for name, given in labels.items() if wanted <= given.items()], made["metadata"]["name"]


@thorough
def test_the_schemas_of_kubernetes_accept_them() -> None:
    done = subprocess.run(
        [tool("kubernetes-validate"), "--strict", *map(str, FILES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@thorough
def test_kustomize_puts_the_image_in() -> None:
    done = subprocess.run(
        [tool("kubectl"), "kustomize", str(FOLDER)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    images = set(re.findall(r"image: (\S+)", done.stdout))
    assert images == {"registry.example/kasparro:latest"}
