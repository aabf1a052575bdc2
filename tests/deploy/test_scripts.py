"""The scripts: what they would do, what they refuse, and that no secret is ever an argument."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.tools import PROJECT, tool

AWS = PROJECT / "deploy" / "aws-deploy.sh"
GCP = PROJECT / "deploy" / "gcp-deploy.sh"
AWS_GIVEN = ["--image", "registry.example/kasparro:1", "--region", "eu-central-1"]
GCP_GIVEN = ["--image", "registry.example/kasparro:1", "--region", "europe-west1", "--project", "demo-project"]

FAKE = """#!/usr/bin/env bash
# Records what it is asked, one argument a line; of what it made it says that it exists.
printf '%s\\n' "$@" "" >>"$RECORD/calls"
line=" $* "
case "$line" in
  *" versions access "*) echo hidden-password ;;
  *" describe "*)
    case "$line" in *" projects describe "* | *"status.url"*) echo known; exit 0 ;; esac
    [ -e "$RECORD/made" ] || exit 1 ;;
  *" secrets create "*) cat >>"$RECORD/secrets" ;;
esac
for argument in "$@"; do
  case $argument in --flags-file=*) cat "${argument#*=}" >>"$RECORD/flags" ;; esac
done
"""


def run(script: Path, *arguments: str, path: str = "/usr/bin:/bin", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": os.devnull, **more}
    return subprocess.run(
        [str(script), *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


class Recorded:
    """A stand-in for `gcloud`, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "gcloud"
        program.write_text(FAKE)
        program.chmod(0o755)

    def deploy(self, *arguments: str) -> list[list[str]]:
        """The calls that the script makes with `arguments`."""
        (self.folder / "calls").unlink(missing_ok=True)
        done = run(GCP, *arguments, path=f"{self.folder}:/usr/bin:/bin", RECORD=str(self.folder))
        assert done.returncode == 0, done.stderr
        return [call.split("\n") for call in (self.folder / "calls").read_text().strip("\n").split("\n\n")]

    def written(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def gcloud(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.mark.parametrize("script", [AWS, GCP], ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = subprocess.run([tool("shellcheck"), str(script)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("script", [AWS, GCP], ids=lambda script: script.name)
def test_help_names_every_option(script: Path) -> None:
    shown = run(script, "--help")
    assert shown.returncode == 0
    cases = script.read_text().split('case "$1" in')[1].split("esac")[0]
    options = {word for line in cases.splitlines() for word in line.split(")")[0].split(" | ") if "--" in word}
    assert {option.strip() for option in options} - set(shown.stdout.split()) <= {"-h"}


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        (AWS, [], "no region"),
        (AWS, ["--region", "x"], "no image"),
        (AWS, AWS_GIVEN, "--plain-http"),
        (AWS, [*AWS_GIVEN, "--plain-http", "--certificate", "arn:aws:acm:x"], "exclude each other"),
        (AWS, [*AWS_GIVEN, "--plain-http", "--set", "nowhere.A=1"], "STACK.KEY=VALUE"),
        (AWS, [*AWS_GIVEN, "--plain-http", "--name", "No"], "small letters"),
        (AWS, ["--image"], "needs a value"),
        (AWS, ["--imagine"], "unknown option '--imagine'"),
        (GCP, [], "no project"),
        (GCP, ["--project", "p"], "no region"),
        (GCP, ["--project", "p", "--region", "r"], "no image"),
        (GCP, [*GCP_GIVEN, "--runs", "never"], "job or service"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(script: Path, arguments: list[str], said: str) -> None:
    done = run(script, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("script", "given"), [(AWS, [*AWS_GIVEN, "--plain-http"]), (GCP, GCP_GIVEN)], ids=["aws", "gcp"]
)
def test_a_missing_command_line_is_named(tmp_path: Path, script: Path, given: list[str]) -> None:
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(tool(name))
    done = run(script, *given, path=str(tmp_path))
    assert done.returncode == 3
    assert "is not installed" in done.stderr


def test_a_dry_run_for_aws_shows_five_stacks_in_their_order() -> None:
    done = run(
        AWS, *AWS_GIVEN, "--plain-http", "--dry-run", "--schedule", "cron(0 * * * ? *)", "--set", "data.TwoZones=true"
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("--stack-name ")[1].split()[0] for line in lines] == [
        f"kasparro-{stack}" for stack in ("network", "data", "edge", "tasks", "alarms")
    ]
    assert "TwoZones=true" in lines[1]
    assert "Image=registry.example/kasparro:1" in lines[3]
    assert all("--region eu-central-1" in line for line in lines)


def test_a_dry_run_removes_from_aws_in_the_opposite_order() -> None:
    done = run(AWS, "--destroy", "--region", "eu-central-1", "--dry-run")
    removed = [line.split()[4] for line in done.stdout.splitlines() if "delete-stack" in line]
    assert removed == [f"kasparro-{stack}" for stack in ("alarms", "tasks", "edge", "data", "network")]
    assert "Protected=false" in done.stdout.splitlines()[0]


def test_without_a_terminal_nothing_is_removed(gcloud: Recorded) -> None:
    done = run(GCP, "--destroy", *GCP_GIVEN[2:], path=f"{gcloud.folder}:/usr/bin:/bin", RECORD=str(gcloud.folder))
    assert done.returncode != 0
    assert "delete" not in gcloud.written("calls")


def test_a_first_deployment_to_google_makes_all(gcloud: Recorded) -> None:
    calls = gcloud.deploy(*GCP_GIVEN)
    made = [" ".join(call[:3]) for call in calls if "describe" not in call and "access" not in call]
    assert made == [
        "services enable run.googleapis.com", "iam service-accounts create",
        "projects add-iam-policy-binding demo-project", "sql instances create", "sql databases create",
        "secrets create kasparro-database-password",
        "secrets add-iam-policy-binding kasparro-database-password", "secrets create kasparro-admin-key",
        "secrets add-iam-policy-binding kasparro-admin-key", "sql users create", "run jobs deploy", "run jobs execute",
        "run deploy kasparro-api", "run jobs deploy", "iam service-accounts create", "run jobs add-iam-policy-binding",
        "scheduler jobs create",
    ]  # fmt: skip


def test_a_second_deployment_to_google_changes_what_is_there(gcloud: Recorded) -> None:
    (gcloud.folder / "made").touch()
    calls = gcloud.deploy(*GCP_GIVEN)
    assert [call for call in calls if "create" in call] == []
    assert [call[:3] for call in calls if "patch" in call or "update" in call or "set-password" in call] == [
        ["sql", "instances", "patch"], ["sql", "users", "set-password"], ["scheduler", "jobs", "update"]
    ]  # fmt: skip


def test_a_worker_that_never_sleeps_needs_no_scheduler(gcloud: Recorded) -> None:
    calls = gcloud.deploy(*GCP_GIVEN, "--runs", "service", "--private")
    service = next(call for call in calls if call[:2] == ["run", "deploy"])
    assert {"--args=up", "--min-instances=1", "--no-cpu-throttling", "--no-allow-unauthenticated"} <= set(service)
    assert not [call for call in calls if call[:2] == ["scheduler", "jobs"] and "describe" not in call]


def test_google_s_secrets_are_random_and_never_an_argument(gcloud: Recorded) -> None:
    calls = gcloud.deploy(*GCP_GIVEN)
    made = gcloud.written("secrets")
    assert len(made) > 100
    arguments = "\n".join(argument for call in calls for argument in call)
    assert "hidden-password" not in arguments
    assert not any(made[start : start + 20] in arguments for start in range(0, len(made) - 20, 20))
    assert gcloud.written("flags") == "--password: hidden-password\n"
    (file,) = {argument for call in calls for argument in call if argument.startswith("--flags-file=")}
    assert not Path(file.removeprefix("--flags-file=")).exists()


def test_removing_from_google_leaves_nothing_that_was_made(gcloud: Recorded) -> None:
    (gcloud.folder / "made").touch()
    removed = [" ".join(call[:4]) for call in gcloud.deploy("--destroy", "--yes", *GCP_GIVEN[2:]) if "delete" in call]
    assert removed == [
        "scheduler jobs delete kasparro-ingest", "run jobs delete kasparro-ingest", "run services delete kasparro-api",
        "run jobs delete kasparro-migrate", "sql instances delete kasparro",
        "secrets delete kasparro-database-password --project=demo-project",
        "secrets delete kasparro-admin-key --project=demo-project",
        "iam service-accounts delete kasparro-clock@demo-project.iam.gserviceaccount.com",
        "iam service-accounts delete kasparro-run@demo-project.iam.gserviceaccount.com",
    ]  # fmt: skip
