"""One installation from nothing to its end, in the order of a life: up, used, killed, put down, up again."""

import json
import time
from pathlib import Path

import pytest

from tests.containers.engine import Docker
from tests.containers.stack import Stack

SERVICES = ("db", "api", "worker", "sandbox")
SECRETS = ("database-password", "pgpass", "admin-key")
SIMULATED = 3_000
"""Coins of the sandbox; the sample file has 20 more."""


def test_from_nothing_to_healthy_within_thirty_seconds(stack: Stack) -> None:
    stack.remove()

    took = stack.up(within=30)

    print(f"healthy after {took:.1f} s")
    assert took < 30


def test_it_ingests_by_itself_and_answers_on_both_ports(stack: Stack) -> None:
    assert stack.wait_for_run()["success"]

    for port in (stack.port, stack.port_2):
        answer = stack.ask("/data?source=coingecko&limit=100", port)
        assert answer.status_code == 200
        assert answer.json()["total"] == 1_000
        assert all(row["simulated"] for row in answer.json()["data"])
    assert {source["total_records"] for source in stack.ask("/stats").json()["sources"]} == {1_000, 2_000, 20}


def test_only_this_machine_reaches_the_database(stack: Stack, docker: Docker) -> None:
    assert docker("port", f"{stack.name}_db").splitlines() == [f"5432/tcp -> 127.0.0.1:{stack.db_port}"]


def test_no_secret_shows_to_who_inspects(stack: Stack, docker: Docker) -> None:
    told = json.dumps([docker.inspect(stack.container(service)) for service in SERVICES])
    told += stack.compose("logs", "--no-color")

    for secret in SECRETS:
        assert len(stack.secret(secret)) >= 64
        assert stack.secret(secret) not in told


def test_secrets_stay_the_same_and_a_provider_key_can_be_given(stack: Stack) -> None:
    before = [stack.secret(secret) for secret in SECRETS]

    stack.compose("run", "--rm", "-T", "secrets", "coingecko-api-key", given="CG-of-my-own")

    stack.compose("up", "-d", "secrets")
    assert [stack.secret(secret) for secret in SECRETS] == before
    assert stack.secret("coingecko-api-key") == "CG-of-my-own"


def test_all_run_without_privileges_on_a_root_that_cannot_be_written(stack: Stack, docker: Docker) -> None:
    for service in ("api", "worker", "sandbox"):
        found = docker.inspect(stack.container(service))
        assert found["Config"]["User"] == "10001:10001"
        host = found["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
        assert host["Memory"] and host["NanoCpus"] and host["PidsLimit"]
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}


def test_only_who_has_the_key_starts_a_run(stack: Stack) -> None:
    import httpx2

    assert httpx2.post(f"http://127.0.0.1:{stack.port}/etl/run").status_code == 401
    asked = stack.start_run()
    assert asked.status_code == 202
    assert stack.wait_for_run(asked.json()["run_id"])["success"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_that_is_killed_comes_back_with_the_next_up(stack: Stack, docker: Docker, service: str) -> None:
    before = quotes(stack)

    docker("kill", stack.container(service))
    assert not stack.state(service)["Running"]
    stack.up(service)

    still_works(stack, before)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_whose_process_crashes_comes_back_by_itself(stack: Stack, service: str) -> None:
    before = quotes(stack)
    started = stack.state(service)["StartedAt"]

    stack.main_process_dies(service)

    deadline = time.monotonic() + 30
    while stack.state(service)["StartedAt"] == started:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for each in SERVICES:
        stack.wait_healthy(each)
    still_works(stack, before)


def test_a_run_whose_worker_is_killed_is_finished_by_the_next(stack: Stack) -> None:
    asked = stack.start_run().json()["run_id"]
    while stack.sql(f"SELECT status FROM etl_runs WHERE run_id = {asked}") == [["queued"]]:
        time.sleep(0.05)

    stack.main_process_dies("worker")

    stack.wait_healthy("worker")
    stack.wait_for_run(asked)
    again = stack.start_run().json()["run_id"]
    assert stack.wait_for_run(again)["success"]
    assert stack.sql("SELECT count(*) FROM loads WHERE seen <> new + unchanged + rejected") == [["0"]]


def test_everything_stops_within_ten_seconds_and_in_order(stack: Stack) -> None:
    began = time.monotonic()
    stack.compose("stop")
    took = time.monotonic() - began

    print(f"stopped after {took:.1f} s")
    assert took < 10
    assert {service: stack.state(service)["ExitCode"] for service in SERVICES} == dict.fromkeys(SERVICES, 0)


def test_the_ledger_survives_down_and_up(stack: Stack) -> None:
    stack.up()
    stack.compose("stop", "worker")  # so that nothing comes in meanwhile
    before = stack.digest()

    stack.compose("down")
    stack.compose("up", "-d", "api")
    stack.wait_healthy("api")

    assert stack.digest() == before
    assert before["quotes"]["rows"] >= SIMULATED
    stack.up()


def test_a_backup_comes_out_and_is_whole(stack: Stack, tmp_path: Path) -> None:
    stack.up()
    tmp_path.chmod(0o777)  # the containers' user is nobody's here
    mounted = ("run", "--rm", "-T", "-v", f"{tmp_path}:/backups", "migrate")

    assert f"{quotes(stack):,} quotes" in stack.compose(*mounted, "backup", "/backups")

    [made] = tmp_path.iterdir()
    assert "is whole" in stack.compose(*mounted, "restore", f"/backups/{made.name}", "--check")


def test_a_lost_secret_is_told_in_one_line_and_ends_the_container(stack: Stack) -> None:
    done = stack.try_compose("run", "--rm", "-T", "-e", "PGPASSFILE=/run/kasparro/secrets/lost", "--no-deps", "worker")

    assert done.code == 3
    assert done.err.count("error: a secret is missing: PGPASSFILE=/run/kasparro/secrets/lost") == 1


def quotes(stack: Stack) -> int:
    """How many quotes the ledger has."""
    return int(stack.sql("SELECT count(*) FROM quotes")[0][0])


def still_works(stack: Stack, quotes_before: int) -> None:
    """Nothing is lost, the API answers, and a run comes to its end."""
    stack.wait_healthy("api")
    asked = stack.start_run()
    assert asked.status_code == 202
    assert stack.wait_for_run(asked.json()["run_id"])["success"]
    assert quotes(stack) >= quotes_before
    assert stack.sql("SELECT count(*) FROM quotes GROUP BY listing_id, observed_at, version HAVING count(*) > 1") == []
