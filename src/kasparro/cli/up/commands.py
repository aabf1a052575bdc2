"""`kasparro up`, `kasparro down` and `kasparro logs`."""

import asyncio
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated

import structlog
import typer

from kasparro.bootstrap.database import open_database
from kasparro.bootstrap.providers import source_names
from kasparro.cli.console import out
from kasparro.cli.demo import sandbox_arguments, sandbox_environment, settings_for
from kasparro.cli.up import place
from kasparro.cli.up.background import run_in_background
from kasparro.cli.up.child import Child
from kasparro.cli.up.first import prepare
from kasparro.cli.up.health import address
from kasparro.cli.up.log_file import NAME, follow, last_lines
from kasparro.cli.up.port import free_port, require_free
from kasparro.cli.up.supervisor import supervise
from kasparro.config import Settings
from kasparro.errors import ExitCode, Fatal
from kasparro.postgres import sharing
from kasparro.store.schema import migrate

log = structlog.stdlib.get_logger(__name__)

DOWN_PATIENCE_S = 90.0
PATIENCE_AFTER_S = 10.0
PAUSE_S = 0.05

Demo = Annotated[bool, typer.Option("--demo", help="With a simulated market, in a home of its own; needs no network.")]


class NotDown(Fatal):
    """What was told to stop is still there."""

    exit_code = ExitCode.BUSY


class NoLog(Fatal):
    """Nothing was ever started in the background here."""

    exit_code = ExitCode.USAGE


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    for command in (up, down, logs):
        app.command()(command)


def up(
    demo: Demo = False,
    background: Annotated[
        bool, typer.Option("--background", help="Come back when it serves and the first run has ended.")
    ] = False,
) -> None:
    """Start, migrate, ingest and serve: the one command that gets a ledger going, until it is stopped.

    Example: `kasparro up --background`
    """
    settings = settings_for(demo=demo, lasting=not background)
    source_names(settings)
    if background:
        raise typer.Exit(run_in_background(settings, demo=demo))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with place.hold(settings.kasparro_home):
            require_free(settings.api_host, settings.api_port)
            with open_database(settings) as database:
                migrate(database.url)
                asyncio.run(prepare(settings, database.url))
                log.info("up", api=address(settings), home=str(settings.kasparro_home))
                supervise(_children(settings, database.url, demo=demo), settings)
    except KeyboardInterrupt:
        log.info("down")


def _children(settings: Settings, url: str, *, demo: bool) -> list[Child]:
    environment = dict(os.environ) | {"KASPARRO_HOME": str(settings.kasparro_home), "DATABASE_URL": url}
    if not demo:
        return [Child("serve", [], environment), Child("worker", [], environment)]
    port = free_port()
    sandbox = Child("sandbox", sandbox_arguments(port), environment)
    environment |= sandbox_environment(settings, port, url)
    return [sandbox, Child("serve", [], environment), Child("worker", [], environment)]


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def down(demo: Demo = False) -> None:
    """End what `kasparro up` started, and the embedded PostgreSQL. A run under way goes on with the next start.

    Example: `kasparro down`
    """
    settings = settings_for(demo=demo)
    pid = place.holder(settings.kasparro_home)
    if pid is not None:
        _end(settings, pid)
    stopped = settings.database_url is None and sharing.stop(settings.kasparro_home)
    out.print("stopped" if pid is not None or stopped else "not running")


def _end(settings: Settings, pid: int) -> None:
    with suppress(ProcessLookupError), _handle_of(pid) as handle:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_PATIENCE_S
        while place.holder(settings.kasparro_home) == pid:
            if time.monotonic() > deadline:
                raise NotDown(
                    f"process {pid} is still stopping after {DOWN_PATIENCE_S:.0f} s",
                    remedy=f"`kasparro logs` shows what it does; `kill -9 {pid}` ends it and loses nothing",
                )
            time.sleep(PAUSE_S)
        if handle is not None:
            # It has let go of everything; its process may need a moment more.
            select.select([handle], [], [], PATIENCE_AFTER_S)


@contextmanager
def _handle_of(pid: int) -> Iterator[int | None]:
    """What becomes readable when the process ends; None where the system has no such thing."""
    if sys.platform != "linux":
        yield None
        return
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def logs(
    demo: Demo = False,
    following: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option(help="How many of the last lines.", min=0, max=10_000)] = 100,
) -> None:
    """Show what `kasparro up --background` and the commands that it started have to say.

    Example: `kasparro logs -f`
    """
    path = settings_for(demo=demo).kasparro_home / NAME
    if not path.exists():
        raise NoLog(f"there is no {path}", remedy="`kasparro up --background` writes one")
    for line in last_lines(path, lines):
        typer.echo(line)
    if following:
        for text in follow(path):
            typer.echo(text, nl=False)
