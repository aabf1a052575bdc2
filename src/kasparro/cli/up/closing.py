"""The last words of `up --background`: what came in, what didn't, where it is served, and what next."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape

from kasparro.cli.anomalies import print_examined
from kasparro.cli.console import out
from kasparro.cli.tables import moment, print_report
from kasparro.cli.up.first import KEY_FILE
from kasparro.cli.up.health import address
from kasparro.config import Settings
from kasparro.errors import ExitCode
from kasparro.ingest.examined import Examined
from kasparro.ingest.report import report_of
from kasparro.ingest.schedule import next_scheduled
from kasparro.store.runs import Run


def print_run(run: Run | None, examined: Examined, settings: Settings, *, demo: bool) -> None:
    """The closing table of the newest run, with what is odd, what could not be reached and what to do."""
    if run is None:
        out.print("no run yet")
    elif run.ended_at is None:
        state = "waits for its sources or a worker" if run.status == "queued" else "is at work"
        out.print(f"run {run.run_id} {state}; `kasparro logs` and `kasparro status` show more", markup=False)
    else:
        print_report(report_of(run))
        print_examined(examined, run.run_id)
        out.print(f"ended {moment(run.ended_at)}", highlight=False)
        if any(step.status == "failed" for step in run.steps) and not demo:
            out.print("No network? `make demo` fills a ledger of its own from a simulated market.")
    following = next_scheduled(settings.etl_schedule, datetime.now(UTC))
    out.print(f"next run: {moment(following) if following else 'when it is asked for'}", highlight=False)


def print_addresses(settings: Settings) -> None:
    """Where the API is, and how to read the key."""
    root = address(settings)
    rows = [("dashboard", f"{root}/dashboard"), ("API", root), ("documentation", f"{root}/docs")]
    key = settings.kasparro_home / KEY_FILE
    if settings.api_admin_key is not None:
        rows.append(("admin key", "the value of API_ADMIN_KEY"))
    elif key.exists():
        rows.append(("admin key", f"cat {shlex.quote(str(key))}"))
    else:
        rows.append(("admin key", "kasparro key create --name mine --scope admin"))
    out.print()
    for name, value in rows:
        out.print(f"{name:<14} {value}", markup=False, soft_wrap=True)


def print_next(settings: Settings, *, demo: bool) -> None:
    """What to do with it."""
    home = f"KASPARRO_HOME={shlex.quote(str(settings.kasparro_home))} " if demo else ""
    program = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "kasparro" and "/" in sys.argv[0] else "kasparro"
    option = " --demo" if demo else ""
    commands = [
        (f"curl '{address(settings)}/data?limit=5'", "the latest quotes"),
        (f"{home}{program} status", "how far each source is"),
        (f"{home}{program} receipt QUOTE_ID", "where one of them came from, to the byte"),
        # By hand, the demonstration's ledger would take in the real market.
        *([] if demo else [(f"{program} ingest", "once more; only what is new enters")]),
        (f"{program} logs -f{option}", "what it does now"),
        (f"{program} down{option}", "end it"),
    ]
    width = max(len(command) for command, _ in commands)
    out.print("\nWhat next:")
    for command, what in commands:
        out.print(f"  {escape(command):<{width}}  [dim]{what}[/]", soft_wrap=True, highlight=False)


def exit_code(run: Run | None, *, holds_quotes: bool) -> ExitCode:
    """OK when anything was ingested or is there to be served; else why not."""
    if holds_quotes or run is None or run.ended_at is None:
        return ExitCode.OK
    report = report_of(run)
    return ExitCode.OK if any(step.counts.seen for step in report.steps) else report.exit_code
