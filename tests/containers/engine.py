"""Docker's command line, as a person would use it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

PROGRAM = os.environ.get("DOCKER", "docker")
IMAGE = "kasparro-test"


def no_engine() -> str:
    """Why there is no engine to test with; empty when there is one."""
    if shutil.which(PROGRAM) is None:
        return "no Docker engine: docker isn't installed"
    asked = subprocess.run([PROGRAM, "info"], capture_output=True, text=True, check=False, timeout=30)
    return "" if asked.returncode == 0 else f"no Docker engine answers: {asked.stderr.strip()[:200]}"


class Done:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


def run(argv: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float = 120, given: str = "") -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        argv, env=None if env is None else {**os.environ, **env}, capture_output=True, text=True, check=False,
        timeout=timeout, input=given,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


class Docker:
    """The engine."""

    def __call__(self, *arguments: str, timeout: float = 120) -> str:
        """What `docker ARGUMENTS` prints; it has to succeed."""
        done = run([PROGRAM, *arguments], timeout=timeout)
        assert done.code == 0, f"docker {' '.join(arguments)}: {done.err}"
        return done.out.strip()

    def start(self, *arguments: str, timeout: float = 60) -> Done:
        """`docker run --rm ARGUMENTS` as it ended, well or not; read-only, with room in /tmp."""
        return run([PROGRAM, "run", "--rm", "--read-only", "--tmpfs", "/tmp", *arguments], timeout=timeout)

    def inspect(self, name: str) -> dict[str, Any]:
        """All that the engine tells of a container or an image."""
        found: dict[str, Any] = json.loads(self("inspect", name))[0]
        return found

    def has(self, image: str) -> bool:
        """Whether the image is here, so that a test needs no registry."""
        return run([PROGRAM, "image", "inspect", image]).code == 0
