"""The CloudFormation templates: what must be so in each, cfn-lint's opinion, and a deployment to an emulated AWS."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kasparro.cli.up.port import free_port
from tests.deploy.tools import CHECKERS, PROJECT, thorough, tool

FOLDER = PROJECT / "deploy" / "aws"
SCRIPT = PROJECT / "deploy" / "aws-deploy.sh"
STACKS = ("network", "data", "edge", "tasks", "alarms")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms too, as `{tag: value}`."""


def _short_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {suffix: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", _short_form)


def template(stack: str) -> dict[str, Any]:
    found = yaml.load((FOLDER / f"{stack}.yaml").read_text(), Loader)
    assert isinstance(found, dict)
    return found


def resources(kind: str) -> list[dict[str, Any]]:
    found = [made for stack in STACKS for made in template(stack)["Resources"].values() if made["Type"] == kind]
    assert found, kind
    return found


def test_there_is_a_template_for_each_stack() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(STACKS)


def test_what_a_stack_takes_from_another_was_put_out_before() -> None:
    known: set[str] = set()
    for stack in STACKS:
        text = (FOLDER / f"{stack}.yaml").read_text()
        assert set(re.findall(r'ImportValue": !Sub "\$\{Name\}-([a-z-]+)"', text)) <= known, stack
        known |= set(re.findall(r'Export: \{Name: !Sub "\$\{Name\}-([a-z-]+)"\}', text))


def test_the_ledger_is_encrypted_closed_and_kept() -> None:
    (database,) = resources("AWS::RDS::DBInstance")
    properties = database["Properties"]
    assert properties["StorageEncrypted"] is True
    assert properties["PubliclyAccessible"] is False
    assert database["DeletionPolicy"] == "Snapshot"
    assert template("data")["Parameters"]["Protected"]["Default"] == "true"


def test_secrets_are_made_by_aws_and_reach_containers_by_reference() -> None:
    assert all("GenerateSecretString" in secret["Properties"] for secret in resources("AWS::SecretsManager::Secret"))
    for task in resources("AWS::ECS::TaskDefinition"):
        for container in task["Properties"]["ContainerDefinitions"]:
            given = [variable.get("Name") for variable in container.get("Environment", [])]
            assert not [name for name in given if name and name.endswith(("KEY", "PASSWORD", "SECRET"))]
    for stack in STACKS:
        for name, parameter in template(stack).get("Parameters", {}).items():
            assert not (re.search("Key|Password|Secret", name) and parameter.get("Default")), name


def test_containers_have_no_rights_and_a_root_that_is_read_only() -> None:
    for task in resources("AWS::ECS::TaskDefinition"):
        assert "TaskRoleArn" not in task["Properties"]
        for container in task["Properties"]["ContainerDefinitions"]:
            assert container["ReadonlyRootFilesystem"] is True
            if container["Name"] != "home":
                assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
                assert "User" not in container


def test_rights_are_narrow() -> None:
    for role in resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role["Properties"]
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert not [action for action in actions if "*" in action]
                assert statement["Resource"] != "*" or actions == ["ecr:GetAuthorizationToken"]


def test_logs_end_some_day() -> None:
    assert all("RetentionInDays" in group["Properties"] for group in resources("AWS::Logs::LogGroup"))


def test_alarms_ring_somewhere() -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    assert len(alarms) == 4
    assert all(alarm["Properties"]["AlarmActions"] for alarm in alarms)


def test_the_alarm_of_missing_runs_reads_what_the_worker_logs() -> None:
    (counted,) = resources("AWS::Logs::MetricFilter")
    assert 'log.info("run_ended", status=status)' in (PROJECT / "src/kasparro/ingest/run.py").read_text()
    assert '$.event = "run_ended"' in counted["Properties"]["FilterPattern"]
    assert '$.status = "success"' in counted["Properties"]["FilterPattern"]


@thorough
def test_cfn_lint_finds_nothing() -> None:
    files = [str(path) for path in sorted(FOLDER.glob("*.yaml"))]
    done = subprocess.run([tool("cfn-lint"), *files], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


class Emulated:
    """An AWS on loopback, for the script and for questions."""

    def __init__(self, port: int) -> None:
        self.environment = {
            "PATH": f"{CHECKERS}{os.pathsep}/usr/bin:/bin", "HOME": os.devnull, "AWS_PAGER": "",
            "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "eu-central-1",
        }  # fmt: skip

    def script(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(SCRIPT), "--region", "eu-central-1", *arguments], env=self.environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def ask(self, *arguments: str) -> Any:
        done = subprocess.run(
            [str(CHECKERS / "aws"), *arguments, "--output", "json"], env=self.environment, capture_output=True,
            text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def stacks(self) -> dict[str, dict[str, str]]:
        """By stack, the ids of its resources by their names in the template."""
        found = {}
        for stack in STACKS:
            told = self.ask("cloudformation", "describe-stack-resources", "--stack-name", f"kasparro-{stack}")
            found[stack] = {
                made["LogicalResourceId"]: made.get("PhysicalResourceId", "")
                for made in told["StackResources"] if made.get("LogicalResourceId")
            }  # fmt: skip
        return found


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    if not (CHECKERS / "moto_server").exists():
        pytest.skip("moto is not installed")
    port = free_port()
    given = Emulated(port)
    server = subprocess.Popen(
        [str(CHECKERS / "python"), str(Path(__file__).with_name("emulator.py")), str(port)], env=given.environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield given
    finally:
        server.kill()
        server.communicate()


@thorough
def test_the_script_makes_changes_and_removes_it_all(emulated: Emulated) -> None:
    given = ["--plain-http", "--mail", "someone@example.org"]
    said = emulated.script(*given, "--image", "registry.example/kasparro:1")
    assert "the API: http://" in said
    before = emulated.stacks()
    for stack in STACKS:
        wanted = {
            name for name, made in template(stack)["Resources"].items()
            if made.get("Condition") not in ("Encrypted", "EventBridge")
        }  # fmt: skip
        assert wanted <= set(before[stack]), stack

    secret = emulated.ask("secretsmanager", "get-secret-value", "--secret-id", before["data"]["DatabaseSecret"])
    made = json.loads(secret["SecretString"])
    assert made["username"] == "kasparro"
    assert re.fullmatch("[A-Za-z0-9]{40}", made["password"])
    (database,) = emulated.ask("rds", "describe-db-instances")["DBInstances"]
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    api = emulated.ask("ecs", "describe-task-definition", "--task-definition", "kasparro-api")["taskDefinition"]
    containers = {container["name"]: container for container in api["containerDefinitions"]}
    assert containers["api"]["dependsOn"] == [{"containerName": "migrate", "condition": "SUCCESS"}]
    variables = {variable["name"]: variable["value"] for variable in containers["api"]["environment"]}
    assert variables["DATABASE_URL"].startswith(f"postgresql://kasparro@{database['Endpoint']['Address']}:5432/")
    assert {entry["name"] for entry in containers["api"]["secrets"]} == {"PGPASSWORD", "API_ADMIN_KEY"}
    alarms = emulated.ask("cloudwatch", "describe-alarms")["MetricAlarms"]
    assert len(alarms) == 4
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(before["alarms"]["Topic"],)}

    emulated.script(*given, "--image", "registry.example/kasparro:1")
    assert emulated.stacks() == before

    emulated.script(*given, "--image", "registry.example/kasparro:2", "--schedule", "cron(0 * * * ? *)")
    (schedule,) = emulated.ask("scheduler", "list-schedules")["Schedules"]
    assert schedule["Name"] == "kasparro-runs"
    after = emulated.stacks()
    assert after["data"] == before["data"]
    worker = emulated.ask("ecs", "describe-task-definition", "--task-definition", after["tasks"]["WorkerTask"])
    container = worker["taskDefinition"]["containerDefinitions"][-1]
    assert container["image"] == "registry.example/kasparro:2"
    assert {"name": "ETL_SCHEDULE", "value": "off"} in container["environment"]

    emulated.script("--destroy", "--yes")
    summaries = emulated.ask("cloudformation", "list-stacks")["StackSummaries"]
    assert {summary["StackStatus"] for summary in summaries} == {"DELETE_COMPLETE"}
    assert emulated.ask("rds", "describe-db-instances")["DBInstances"] == []
    assert emulated.ask("secretsmanager", "list-secrets")["SecretList"] == []
