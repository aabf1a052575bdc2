"""One installation by docker-compose.yml, with names and ports of its own."""

import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.containers.engine import IMAGE, Docker, Done, run

PROJECT = Path(__file__).parents[2]
COMPOSE = os.environ.get("COMPOSE", "docker-compose" if shutil.which("docker-compose") else "docker compose").split()


class Stack:
    """An installation: `compose` runs docker-compose on it."""

    def __init__(self, docker: Docker, profiles: tuple[str, ...]) -> None:
        self.docker = docker
        self.name = f"kasparro_test_{os.getpid()}"
        self.profiles = profiles
        self._key = ""
        # High enough to be free, and different for sessions side by side.
        first = 20_000 + os.getpid() % 4_000 * 10
        self.port, self.port_2, self.db_port, self.balanced, self.prometheus_port = range(first, first + 5)
        # What is set where the tests run must not reach the containers.
        self.environment = {
            name: "" for name in os.environ if name.startswith(("COINGECKO_", "COINPAPRIKA_", "ETL_", "API_"))
        } | {
            "KASPARRO_IMAGE": IMAGE,
            "KASPARRO_NAME": self.name,
            "KASPARRO_API_PORT": str(self.port),
            "KASPARRO_API_PORT_2": str(self.port_2),
            "KASPARRO_DB_PORT": str(self.db_port),
            "KASPARRO_BALANCED_PORT": str(self.balanced),
            "KASPARRO_PROMETHEUS_PORT": str(self.prometheus_port),
            "API_RATE_LIMIT": "100000/minute",
        }

    def compose(self, *arguments: str, timeout: float = 180, given: str = "") -> str:
        """What docker-compose prints; it has to succeed."""
        done = self.try_compose(*arguments, timeout=timeout, given=given)
        assert done.code == 0, f"docker-compose {' '.join(arguments)}: {done.err}"
        return done.out.strip()

    def try_compose(self, *arguments: str, timeout: float = 180, given: str = "") -> Done:
        """docker-compose as it ended, well or not."""
        profiles = [part for profile in self.profiles for part in ("--profile", profile)]
        argv = [*COMPOSE, "-p", self.name, "-f", str(PROJECT / "docker-compose.yml"), *profiles, *arguments]
        return run(argv, env=self.environment, timeout=timeout, given=given)

    def up(self, *services: str, within: float = 60) -> float:
        """Start what isn't running and wait until all is healthy; the seconds that it took."""
        began = time.monotonic()
        self.compose("up", "-d", *services)
        for service in services or ("db", "api", "worker"):
            self.wait_healthy(service, within=within)
        return time.monotonic() - began

    def container(self, service: str) -> str:
        """The id of the container of `service`."""
        wanted = (f"project={self.name}", f"service={service}", "oneoff=False")
        labels = [part for one in wanted for part in ("--filter", f"label=com.docker.compose.{one}")]
        return self.docker("ps", "-a", "-q", *labels)

    def state(self, service: str) -> dict[str, Any]:
        """The engine's word on the container of `service`."""
        found: dict[str, Any] = self.docker.inspect(self.container(service))["State"]
        return found

    def wait_healthy(self, service: str, within: float = 60) -> None:
        """Return when the container of `service` is healthy, or runs if it has no check."""
        deadline = time.monotonic() + within
        while True:
            state = self.state(service)
            if state["Running"] and state.get("Health", {"Status": "healthy"})["Status"] == "healthy":
                return
            assert time.monotonic() < deadline, f"{service} is {state}"
            time.sleep(0.2)

    def main_process_dies(self, service: str) -> None:
        """End the process of the container as a crash would: seen from outside, with nothing left to say."""
        pid = self.state(service)["Pid"]
        self.docker("run", "--rm", "--pid=host", "--user=0", "--entrypoint=sh", IMAGE, "-c", f"kill -9 {pid}")

    def kasparro(self, *arguments: str) -> str:
        """What `kasparro ARGUMENTS` prints within the API's container."""
        return self.compose("exec", "-T", "api", "kasparro", *arguments)

    def sql(self, statement: str) -> list[list[str]]:
        """The rows of a statement, as psql writes them."""
        said = self.kasparro("db", "shell", "-c", f"COPY ({statement}) TO STDOUT (FORMAT csv)")
        return [line.split(",") for line in said.splitlines()]

    def digest(self) -> dict[str, Any]:
        """The ledger's content, table by table."""
        found: dict[str, Any] = json.loads(self.kasparro("db", "digest", "--json"))
        return found

    def secret(self, name: str) -> str:
        """One of the secrets, as a service reads it."""
        return self.compose("exec", "-T", "api", "cat", f"/run/kasparro/secrets/{name}")

    def ask(self, path: str, port: int | None = None) -> httpx2.Response:
        """What the API answers."""
        return httpx2.get(f"http://127.0.0.1:{port or self.port}{path}", timeout=15)

    def wait_for(self, url: str, within: float = 60) -> None:
        """Return when something answers there with 200."""
        deadline = time.monotonic() + within
        while True:
            with suppress(httpx2.HTTPError):
                if httpx2.get(url, timeout=5).status_code == 200:
                    return
            assert time.monotonic() < deadline, f"{url} doesn't answer"
            time.sleep(0.2)

    def start_run(self, port: int | None = None) -> httpx2.Response:
        """Ask for a run, as somebody who has the admin key."""
        self._key = self._key or self.secret("admin-key")
        key = {"Authorization": f"Bearer {self._key}"}
        return httpx2.post(f"http://127.0.0.1:{port or self.port}/etl/run", headers=key, timeout=15)

    def wait_for_run(self, run_id: int | None = None, within: float = 90) -> dict[str, Any]:
        """The last run that ended, as /health tells of it, once it is `run_id` or later."""
        deadline = time.monotonic() + within
        while True:
            last: dict[str, Any] | None = self.ask("/health").json()["last_etl_run"]
            if last and last["run_id"] >= (run_id or 1):
                return last
            assert time.monotonic() < deadline, f"the last run is {last}"
            time.sleep(0.3)

    def wait_until_idle(self, within: float = 90) -> None:
        """Return when no run waits or is at work."""
        deadline = time.monotonic() + within
        while (open_runs := self.sql("SELECT count(*) FROM etl_runs WHERE status IN ('queued', 'running')")) != [["0"]]:
            assert time.monotonic() < deadline, open_runs
            time.sleep(0.3)

    def remove(self) -> None:
        """Take everything away, the data too."""
        mine, self.profiles = self.profiles, ("sandbox", "scaled", "monitoring")
        self.compose("down", "-v", "--remove-orphans")
        self.profiles, self._key = mine, ""
