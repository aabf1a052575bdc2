"""A command of ours as a child process that is started again when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial

import structlog

from kasparro.bootstrap.orphans import end_with_parent
from kasparro.errors import ExitCode, Fatal
from kasparro.postgres.interrupts import put_off

log = structlog.stdlib.get_logger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A child that lived so long starts again with the first pause."""
STOP_S = 30.0
"""A page under way commits or rolls back well within this; after it the child is killed, which loses nothing either."""

_HOPELESS = {ExitCode.USAGE, ExitCode.SETTING}


class ChildRefused(Fatal):
    """A command won't start as it is set, however often it is tried."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"`kasparro {name}` can't start", remedy="Its error is above")
        self.exit_code = ExitCode(code)


class Child:
    """`kasparro NAME ARGUMENTS` in the environment given; its output goes to our standard error."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._argv = [sys.executable, "-P", "-m", "kasparro", name, *arguments]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._next_start = 0.0
        self._pause = FIRST_PAUSE_S

    def tend(self) -> None:
        """Start it when it is time to. Raises ChildRefused when that is hopeless."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._next_start:
                self._start(now)
            return
        code = self._process.poll()
        if code is None:
            return
        self._process = None
        if code in _HOPELESS:
            raise ChildRefused(self.name, code)
        if now - self._started_at > STEADY_AFTER_S:
            self._pause = FIRST_PAUSE_S
        log.warning("child_ended", command=self.name, code=code, starts_again_in_seconds=self._pause)
        self._next_start = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)

    def tell_to_stop(self) -> None:
        """Ask it to end; it isn't waited for."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait for its end, which is forced after STOP_S."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.error("child_killed", command=self.name, after_seconds=STOP_S)
            self._process.kill()
            self._process.wait()
        log.info("child_stopped", command=self.name, code=self._process.returncode)

    def _start(self, now: float) -> None:
        with put_off():
            self._process = subprocess.Popen(
                self._argv,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=2,
                # In a process with one thread this is safe, and nothing else ends a child when we are killed.
                preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),  # noqa: PLW1509
            )
        self._started_at = now
        log.info("child_started", command=self.name, pid=self._process.pid)
