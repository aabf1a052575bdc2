"""`kasparro db`: the ledger's database itself."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from kasparro.bootstrap.database import open_database
from kasparro.cli.console import out, print_json
from kasparro.cli.session import ask, begin
from kasparro.cli.tables import print_rows, table
from kasparro.config import Settings
from kasparro.errors import ExitCode, Fatal
from kasparro.postgres import sharing
from kasparro.postgres.binaries import find_bin_dir
from kasparro.store.connection import connect
from kasparro.store.digest import digest as read_digest
from kasparro.store.schema import migrate as bring_to_head
from kasparro.store.schema import revision

app = typer.Typer(help="The ledger's database: migrate, shell, url, digest, move, stop.", no_args_is_help=True)


class NoShell(Fatal):
    """There is no psql to open a shell with."""

    exit_code = ExitCode.DATABASE


@app.command()
def migrate() -> None:
    """Bring the tables to this version's schema.

    Example: `kasparro db migrate`
    """
    with open_database(begin()) as database:
        bring_to_head(database.url)

        async def found() -> str | None:
            connection = await connect(database.url)
            try:
                return await revision(connection)
            finally:
                await connection.close()

        out.print(f"schema {asyncio.run(found())}")


@app.command()
def url() -> None:
    """Print the connection URL (that of DATABASE_URL, or of the embedded server, which this starts).

    The embedded server answers only while a command uses it: keep one open, such as `kasparro db shell`. With
    KASPARRO_DB_PORT it listens on 127.0.0.1 too, and the URL, with its password, is the one that leads there.

    Example: `kasparro db url`
    """
    settings = begin()
    with open_database(settings) as database:
        typer.echo(database.tcp_url or database.url)


@app.command()
def shell(
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run this SQL and leave.")] = None,
) -> None:
    """Open psql on the ledger.

    Example: `kasparro db shell -c "SELECT * FROM cleaned_data LIMIT 3"`
    """
    settings = begin()
    with open_database(settings) as database:
        arguments = [_psql(settings), database.url, *(["-c", command] if command else [])]
        code = subprocess.run(arguments, check=False).returncode
    raise typer.Exit(code)


@app.command()
def digest(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Print a digest per table of the ledger's content, to compare two ledgers by.

    Independent of surrogate keys, run ids and our own clock.

    Example: `kasparro db digest --json`
    """
    found = ask(read_digest)
    if as_json:
        print_json(found)
        return
    rows = [(name, f"{entry['rows']:,}", entry["digest"]) for name, entry in found.items()]
    print_rows(table("table", "rows", "digest", numbers=("rows",)), rows, "no tables")


@app.command()
def stop() -> None:
    """Stop the embedded server, also while other commands use it.

    Example: `kasparro db stop`
    """
    settings = begin()
    out.print("stopped" if sharing.stop(settings.kasparro_home) else "not running")


def _psql(settings: Settings) -> str:
    bundled = Path() if settings.database_url else find_bin_dir() / "psql"
    if bundled.is_file() and os.access(bundled, os.X_OK):
        return str(bundled)
    found = shutil.which("psql")
    if found is None:
        raise NoShell("psql is not installed", remedy="Install PostgreSQL's client, or use `kasparro db url`")
    return found
