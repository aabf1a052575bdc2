"""`kasparro ingest`."""

import asyncio
from typing import Annotated

import typer

from kasparro.bootstrap.database import Database
from kasparro.bootstrap.observing import set_up_traces
from kasparro.bootstrap.providers import known_sources, open_sources, source_names
from kasparro.cli.anomalies import print_examined
from kasparro.cli.console import print_json
from kasparro.cli.progress import LiveProgress
from kasparro.cli.session import begin, ready_database
from kasparro.cli.tables import print_report
from kasparro.config import Settings
from kasparro.ingest.report import RunReport
from kasparro.ingest.run import run_ingest


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command()(ingest)


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
    set_up_traces(settings)
    names = _chosen(settings, source)
    with ready_database(settings) as database:
        report = asyncio.run(_ingest(settings, database, names))
    if as_json:
        print_json(report_as_json(report))
    else:
        print_report(report)
        if report.settled.anomalies:
            print_examined(report.settled.anomalies, report.run_id)
    raise typer.Exit(report.exit_code)


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
        "anomalies": report.settled.anomalies and report.settled.anomalies.counts,
    }


def _chosen(settings: Settings, source: list[str] | None) -> tuple[str, ...]:
    return known_sources(source, "--source") if source else source_names(settings)


async def _ingest(settings: Settings, database: Database, names: tuple[str, ...]) -> RunReport:
    with LiveProgress() as progress:
        async with open_sources(settings, database, names) as sources:
            return await run_ingest(
                database.url, sources, progress=progress, fail_after=settings.etl_fail_after_n_records
            )
