"""A home, a port and a simulated market of their own, gone without a trace afterwards."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from kasparro.cli.up.port import free_port

PATIENCE_S = 30.0
PAUSE_S = 0.05
_PROGRAM = [sys.executable, "-P", "-m", "kasparro"]
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
Found = TypeVar("Found")


class Broken(Exception):
    """Something isn't as it is promised."""


class Installation:
    """A ledger that is kept and served, fed by the market at `market`."""

    def __init__(self, folder: Path, market: Mapping[str, str]) -> None:
        self.home = folder / "home"
        self.folder = folder
        port = free_port()
        self._environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "KASPARRO_HOME": str(self.home),
            "API_PORT": str(port),
            "API_RATE_LIMIT": "500/hour",
            "ETL_SCHEDULE": "off",
            "ETL_RATE_LIMIT_REQUESTS": "1000",
            **market,
        }
        self._client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    def command(self, *arguments: str, **more: str) -> str:
        """What `kasparro ARGUMENTS` prints; `more` goes into its environment. Raises Broken when it fails."""
        done = subprocess.run(
            [*_PROGRAM, *arguments], env=self._environment | more, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=4 * PATIENCE_S,
        )  # fmt: skip
        if done.returncode:
            raise Broken(f"`kasparro {' '.join(arguments)}` ended with {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout

    def json(self, *arguments: str, **more: str) -> Any:
        """What a command tells programs."""
        return json.loads(self.command(*arguments, "--json", **more))

    def ask(self, path: str) -> httpx2.Response:
        """The API's answer, whatever it is."""
        return self._client.get(path)

    def told(self, path: str) -> Any:
        """What the API says. Raises Broken unless it says 200."""
        answer = self.ask(path)
        if answer.status_code != 200:
            raise Broken(f"GET {path} answers {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    def start_run(self) -> int:
        """Ask the API for a run; its number."""
        key = (self.home / "api-key").read_text().strip()
        answer = self._client.post("/etl/run", headers={"authorization": f"Bearer {key}"})
        if answer.status_code != 202:
            raise Broken(f"POST /etl/run answers {answer.status_code}: {answer.text[:300]}")
        return int(answer.json()["run_id"])

    def ended_run(self, number: int) -> dict[str, Any]:
        """The run, once it has ended."""

        def look() -> dict[str, Any] | None:
            run: dict[str, Any] = self.told(f"/runs/{number}")
            return run if run["ended_at"] else None

        return until(look, f"run {number} has ended")

    def close(self) -> None:
        """End what was started here."""
        self._client.close()
        self.command("down")

    def left_behind(self) -> list[str]:
        """The processes that still belong here, where the system tells."""
        mine = f"KASPARRO_HOME={self.home}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mine in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


class Market:
    """A sandbox that runs."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._root = environment["COINGECKO_BASE_URL"].removesuffix("/api/v3")

    def move(self, moment: str) -> None:
        """Stop its clock at another moment."""
        httpx2.post(f"{self._root}/_sandbox/clock", json={"at": moment}).raise_for_status()

    def fault(self, text: str) -> None:
        """Break something from now on."""
        httpx2.post(f"{self._root}/_sandbox/faults", content=text).raise_for_status()

    def mend(self) -> None:
        """Break nothing any more."""
        httpx2.delete(f"{self._root}/_sandbox/faults").raise_for_status()


def until(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds at last. Raises Broken when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Broken(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(PAUSE_S)
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards, also when the program is told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="kasparro-smoke-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def simulated_market(folder: Path, at: str) -> Iterator[Market]:
    """Both providers, with their clock standing at `at`."""
    argv = [*_PROGRAM, "sandbox", "--port", "0", "--frozen-at", at, "--coingecko-plan", "unlimited"]
    plain = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    with subprocess.Popen(argv, env=plain, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = next((line for line in process.stdout if "BASE_URL" in line), "")
            if not said:
                raise Broken("the simulated market doesn't start")
            yield Market(dict(re.findall(r"(\w+_BASE_URL)=(\S+)", said)))
        finally:
            process.kill()
