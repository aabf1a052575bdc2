"""`up --background`: start `up` detached, wait until it serves and its first run has ended, say what is there."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

from kasparro.bootstrap.database import open_database
from kasparro.cli.console import err
from kasparro.cli.up import place
from kasparro.cli.up.closing import exit_code, print_addresses, print_next, print_run
from kasparro.cli.up.health import healthy
from kasparro.cli.up.log_file import NAME, last_lines, open_log
from kasparro.cli.up.port import require_free
from kasparro.cli.up.watch import newest_run, watch_newest_run
from kasparro.config import Settings
from kasparro.errors import ExitCode, Fatal
from kasparro.ingest.examined import Examined, recall_examined
from kasparro.store.checkpoints import list_checkpoints
from kasparro.store.connection import connect
from kasparro.store.runs import Run

SERVE_PATIENCE_S = 180.0
"""A server that recovers after a crash and a machine under load need their time; one that hangs is ended then."""
PAUSE_S = 0.1
LINES = 15


class BackgroundEnded(Fatal):
    """What was started in the background doesn't run, or doesn't serve."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, remedy="Its last words are above; `kasparro logs` shows all")
        self.exit_code = ExitCode(code) if code in set(ExitCode) - {ExitCode.OK} else ExitCode.FAILED


def run_in_background(settings: Settings, *, demo: bool) -> ExitCode:
    """Start `up` in the background, unless it is running. Raises PortBusy, BackgroundEnded."""
    home = settings.kasparro_home
    if pid := place.holder(home):
        err.print(f"already running (process {pid})", soft_wrap=True)
        return _tell(settings, _look, demo=demo)
    require_free(settings.api_host, settings.api_port)
    log = open_log(home)
    try:
        begin = os.fstat(log).st_size
        arguments = [sys.executable, "-P", "-m", "kasparro", "up", *(["--demo"] if demo else [])]
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    finally:
        os.close(log)

    def still_up() -> None:
        if process.poll() is not None:
            _show_last_words(settings, begin)
            raise BackgroundEnded("what was started in the background has ended", process.returncode)

    where = "DATABASE_URL" if settings.database_url else f"embedded PostgreSQL under {home}"
    err.print(f"ledger: {where}", soft_wrap=True, markup=False)
    try:
        _wait_until_served(settings, process, still_up, begin)
        return _tell(settings, lambda url: watch_newest_run(url, still_up), demo=demo)
    except KeyboardInterrupt:
        err.print("it goes on in the background; `kasparro down` ends it")
        raise


def _wait_until_served(
    settings: Settings, process: subprocess.Popen[bytes], still_up: Callable[[], None], begin: int
) -> None:
    deadline = time.monotonic() + SERVE_PATIENCE_S
    with err.status("starting …"):
        while not healthy(settings):
            still_up()
            if time.monotonic() > deadline:
                process.terminate()
                process.wait()
                _show_last_words(settings, begin)
                raise BackgroundEnded(f"the API didn't answer within {SERVE_PATIENCE_S:.0f} s", ExitCode.FAILED)
            time.sleep(PAUSE_S)


def _show_last_words(settings: Settings, begin: int) -> None:
    for line in last_lines(settings.kasparro_home / NAME, LINES, since=begin):
        err.print(line, markup=False, soft_wrap=True)


def _tell(settings: Settings, look: Callable[[str], Awaitable[Run | None]], *, demo: bool) -> ExitCode:
    """The closing words about the run that `look` finds in the ledger at a URL."""

    async def asked(url: str) -> tuple[Run | None, Examined, bool]:
        run = await look(url)
        connection = await connect(url)
        try:
            examined = await recall_examined(connection, run.run_id) if run else Examined()
            return run, examined, any(checkpoint.new for checkpoint in await list_checkpoints(connection))
        finally:
            await connection.close()

    with open_database(settings) as database:
        run, examined, holds_quotes = asyncio.run(asked(database.url))
    print_run(run, examined, settings, demo=demo)
    print_addresses(settings)
    print_next(settings, demo=demo)
    return exit_code(run, holds_quotes=holds_quotes)


async def _look(url: str) -> Run | None:
    connection = await connect(url)
    try:
        return await newest_run(connection)
    finally:
        await connection.close()
