"""`kasparro serve`: the API, without a worker."""

import asyncio

import typer

from kasparro.bootstrap import ensure_schema, open_database, serve
from kasparro.cli.console import err
from kasparro.cli.session import begin


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
        err.print(f"serving on http://{settings.api_host}:{settings.api_port}", markup=False, soft_wrap=True)
        serve(settings, database)
