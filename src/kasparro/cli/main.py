"""The `kasparro` program: its commands, and how errors become one line and an exit code."""

import os
import signal
import sys
from types import FrameType

import typer
from typer.exceptions import TyperException

from kasparro import __version__
from kasparro.cli import (
    anomalies,
    backup,
    db,
    doctor,
    identity,
    ingest,
    key,
    ledger,
    retention,
    sandbox,
    serve,
    status,
    worker,
)
from kasparro.cli.console import say_error
from kasparro.cli.up import commands as up
from kasparro.errors import ExitCode, KasparroError
from kasparro.store.errors import DatabaseError, explain

app = typer.Typer(
    name="kasparro",
    help="The price ledger you own: every quote with a receipt, every gap explained, every past day as it was known.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
for room in (up, serve, ingest, status, ledger, anomalies, backup):
    room.register(app)
app.add_typer(db.app, name="db")
app.add_typer(key.app, name="key")
app.add_typer(identity.app, name="identity")
app.command()(identity.explain)
app.command()(worker.worker)
app.command()(doctor.doctor)
app.command()(retention.retention)
app.command()(sandbox.sandbox)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show a traceback when something goes wrong."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    if debug:
        os.environ["KASPARRO_DEBUG"] = "1"


def main() -> None:
    """Run the program; never shows a traceback without `--debug`."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        if said := error.format_message().rstrip("."):
            say_error(said, "`kasparro COMMAND --help` shows what a command takes")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        say_error("stopped by hand", "What was committed stays; the next run goes on from there")
        sys.exit(128 + signal.SIGINT)
    except _Terminated:
        say_error("told to stop", "What was committed stays; the next run goes on from there")
        sys.exit(128 + signal.SIGTERM)
    except Exception as error:
        if os.environ.get("KASPARRO_DEBUG"):
            raise
        sys.exit(_say(error))


def _say(error: Exception) -> ExitCode:
    typed = explain(error) if isinstance(error, DatabaseError) else error
    if isinstance(typed, KasparroError):
        say_error(typed.message, typed.remedy)
        return typed.exit_code
    if isinstance(typed, OSError):
        say_error(str(typed), "Check the path and its permissions")
        return ExitCode.INPUT
    text = str(error).strip().splitlines()
    say_error(
        f"unexpected {type(error).__name__}: {text[0] if text else 'no message'}",
        "This is a bug: run the command again with `kasparro --debug …` and report what it prints",
    )
    return ExitCode.BUG


class _Terminated(BaseException):
    """SIGTERM came."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated
