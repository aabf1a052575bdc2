"""`kasparro serve`: the API, without a worker."""

import asyncio
import time

import typer

from kasparro.bootstrap.database import ensure_schema, open_database
from kasparro.bootstrap.serving import exposed, serve
from kasparro.cli.console import err
from kasparro.cli.session import begin
from kasparro.cli.up.port import PortBusy, require_free
from kasparro.config import Settings
from kasparro.store.connection import connect
from kasparro.store.keys import load_keys

PATIENCE_S = 2.0
"""For whoever had the port until a moment ago: another `serve` that is ending, say."""
PAUSE_S = 0.1


def register(app: typer.Typer) -> None:
    """Add the command of this file to `app`."""
    app.command(name="serve")(run)


def run() -> None:
    """Serve the API in the foreground, at API_HOST and API_PORT. `kasparro up` does it together with a worker.

    Example: `kasparro serve`
    """
    settings = begin()
    _wait_for_port(settings)
    with open_database(settings) as database:
        asyncio.run(ensure_schema(database))
        if exposed(settings) and settings.api_admin_key is None and not asyncio.run(_any_key(database.url)):
            err.print(
                "[yellow]no key exists, and others than this machine can reach this address:[/] nothing can be changed "
                "through it. `kasparro key create --scope run` makes a key",
                soft_wrap=True,
            )
        err.print(f"serving on http://{settings.api_host}:{settings.api_port}", markup=False, soft_wrap=True)
        serve(settings, database)


def _wait_for_port(settings: Settings) -> None:
    """Return when the port is free. Raises PortBusy: the server itself would share it with another of this user's."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            require_free(settings.api_host, settings.api_port)
            return
        except PortBusy:
            if time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_S)


async def _any_key(url: str) -> bool:
    connection = await connect(url)
    try:
        return bool(await load_keys(connection))
    finally:
        await connection.close()
