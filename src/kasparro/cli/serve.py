"""`kasparro serve`: the API, without a worker."""

import asyncio

import typer

from kasparro.bootstrap import ensure_schema, exposed, open_database, serve
from kasparro.cli.console import err
from kasparro.cli.session import begin
from kasparro.store.connection import connect
from kasparro.store.keys import load_keys


def register(app: typer.Typer) -> None:
    """Add the command of this file to `app`."""
    app.command(name="serve")(run)


def run() -> None:
    """Serve the API in the foreground, at API_HOST and API_PORT. `kasparro up` does it together with a worker.

    Example: `kasparro serve`
    """
    settings = begin()
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


async def _any_key(url: str) -> bool:
    connection = await connect(url)
    try:
        return bool(await load_keys(connection))
    finally:
        await connection.close()
