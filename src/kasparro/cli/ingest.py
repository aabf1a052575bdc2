"""`kasparro ingest` and `kasparro up`."""

import asyncio
import shlex
import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from kasparro.bootstrap import Database, known_sources, open_database, open_sources, source_names
from kasparro.cli.console import err, out, print_json
from kasparro.cli.demo import demo_settings
from kasparro.cli.progress import LiveProgress
from kasparro.cli.session import begin, ready_database
from kasparro.cli.tables import print_report
from kasparro.config import Settings
from kasparro.errors import ExitCode
from kasparro.ingest.report import RunReport
from kasparro.ingest.run import run_ingest
from kasparro.store.schema import migrate


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command()(ingest)
    app.command()(up)


def ingest(
    source: Annotated[
        list[str] | None, typer.Option("--source", "-s", help="Only this source; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on standard output.")] = False,
) -> None:
    """Take what the sources have to say into the ledger.

    Example: `kasparro ingest --source coingecko --source csv`
    """
    settings = begin()
    names = _chosen(settings, source)
    with ready_database(settings) as database:
        report = asyncio.run(_ingest(settings, database, names))
    if as_json:
        print_json(report_as_json(report))
    else:
        print_report(report)
    raise typer.Exit(report.exit_code)


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="With a simulated market, in a home of its own; needs no network.")
    ] = False,
) -> None:
    """Start, migrate and ingest: the one command that gets a ledger going.

    Example: `kasparro up`
    """
    with demo_settings() if demo else nullcontext(begin()) as settings, open_database(settings) as database:
        where = f"embedded PostgreSQL under {settings.kasparro_home}" if database.embedded else "DATABASE_URL"
        err.print(f"ledger: {where}", soft_wrap=True, markup=False)
        migrate(database.url)
        report = asyncio.run(_ingest(settings, database, source_names(settings)))
    print_report(report)
    _say_what_next(settings, report, demo=demo)
    ingested = any(step.counts.seen for step in report.steps) or report.status == "success"
    raise typer.Exit(ExitCode.OK if ingested else report.exit_code)


def _say_what_next(settings: Settings, report: RunReport, *, demo: bool) -> None:
    if any(step.status == "failed" for step in report.steps) and not demo:
        out.print("No network? `make demo` fills a ledger of its own from a simulated market.")
    home = f"KASPARRO_HOME={shlex.quote(str(settings.kasparro_home))} " if demo else ""
    program = shlex.quote(sys.argv[0]) if "/" in sys.argv[0] else "kasparro"
    out.print("\nWhat next:")
    for command, what in (
        ("status", "how far each source is"),
        ('db shell -c "SELECT * FROM cleaned_data LIMIT 5"', "the latest quotes, in SQL"),
        ("receipt QUOTE_ID", "where one of them came from, to the byte"),
        ("ingest", "once more; only what is new enters"),
        ("--help", "the rest"),
    ):
        out.print(f"  {home}{program} {command:<52} [dim]{what}[/]", soft_wrap=True, highlight=False)


def report_as_json(report: RunReport) -> dict[str, object]:
    """The report in the shape that programs are promised."""
    return {
        "run_id": report.run_id,
        "status": report.status,
        "busy": list(report.busy),
        "steps": [
            {
                "source": step.source,
                "status": step.status,
                "seen": step.counts.seen,
                "new": step.counts.new,
                "unchanged": step.counts.unchanged,
                "rejected": step.counts.rejected,
                "duplicates": step.duplicates,
                "requests": step.requests,
                "retries": step.retries,
                "seconds": round(step.seconds, 3),
                "phases": step.phases,
                "simulated": step.simulated,
                "error": step.error,
                "remedy": step.remedy,
                "notes": list(step.notes),
            }
            for step in report.steps
        ],
    }


def _chosen(settings: Settings, source: list[str] | None) -> tuple[str, ...]:
    return known_sources(source, "--source") if source else source_names(settings)


async def _ingest(settings: Settings, database: Database, names: tuple[str, ...]) -> RunReport:
    with LiveProgress() as progress:
        async with open_sources(settings, database, names) as sources:
            return await run_ingest(
                database.url, sources, progress=progress, fail_after=settings.etl_fail_after_n_records
            )
