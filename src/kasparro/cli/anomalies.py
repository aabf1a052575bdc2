"""`kasparro anomalies`, and how a run's closing table tells of them."""

from typing import Annotated

import typer
from rich.markup import escape

from kasparro.bootstrap.providers import known_sources
from kasparro.cli.console import out, print_json
from kasparro.cli.session import ask
from kasparro.cli.status import NoSuchRun
from kasparro.cli.tables import moment, print_rows, table
from kasparro.ingest.examined import Examined
from kasparro.market.anomaly.anomaly import Kind, Severity
from kasparro.store.anomalies import KeptAnomaly, list_anomalies
from kasparro.store.connection import Connection
from kasparro.store.runs import get_run

_COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command()(anomalies)


def anomalies(
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only of this source.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only of this severity.")] = None,
    run: Annotated[int | None, typer.Option(help="Only those that this run was the first to find.", min=1)] = None,
    open_: Annotated[bool, typer.Option("--open", help="Only what still lasts.")] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what looked odd in the runs and in the quotes that they brought, newest first. Nothing is ever dropped
    for it.

    Example: `kasparro anomalies --severity critical`
    """
    if source:
        known_sources([source], "--source")

    async def read(connection: Connection) -> list[KeptAnomaly]:
        if run is not None and await get_run(connection, run) is None:
            raise NoSuchRun(f"there is no run {run}", remedy="`kasparro runs` lists those there are")
        return await list_anomalies(
            connection, limit=limit, source=source, kind=kind, severity=severity, run_id=run, open_only=open_
        )

    found = ask(read)
    if as_json:
        print_json(found)
        return
    rows = [
        (str(a.run_id), _about(a.source, a.crypto_id), a.kind, _mark(a.severity), escape(a.reason), _lasting(a),
         moment(a.found_at))
        for a in found
    ]  # fmt: skip
    shown = table("run", "about", "kind", "severity", "why", "lasting", "first found", numbers=("run",))
    print_rows(shown, rows, "no anomalies: nothing looked odd")


def print_examined(examined: Examined, run_id: int) -> None:
    """How much is odd about a run, and the worst of it, unless that is merely worth knowing."""
    counts = {severity: number for severity, number in examined.counts.items() if number}
    if not counts:
        return
    told = ", ".join(f"[{_COLOURS[severity]}]{number:,} {severity}[/]" for severity, number in counts.items())
    out.print(f"anomalies: {told}; `kasparro anomalies --run {run_id}` shows them")
    for one in [told for told in examined.worst if told.severity != Severity.INFO]:
        about = _about(one.source, one.crypto_id)
        out.print(f"  {_mark(one.severity)} [bold]{about}[/] {one.kind}: {escape(one.reason)}", soft_wrap=True)


def _about(source: str, crypto_id: str | None) -> str:
    return source if crypto_id is None else escape(f"{source}/{crypto_id}")


def _mark(severity: str) -> str:
    return f"[{_COLOURS.get(severity, 'white')}]{severity}[/]"


def _lasting(anomaly: KeptAnomaly) -> str:
    if not anomaly.lasting:
        return ""
    times = "once" if anomaly.times == 1 else f"{anomaly.times} times"
    return f"{times}, over" if anomaly.ended_at else times
