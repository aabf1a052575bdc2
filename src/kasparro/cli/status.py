"""`kasparro status` and `kasparro runs`: what runs, what ran, how far each stream is."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from kasparro.cli.console import out, print_json
from kasparro.cli.session import ask
from kasparro.cli.tables import moment, print_rows, status_mark, table
from kasparro.errors import ExitCode, Fatal
from kasparro.store.checkpoints import list_checkpoints
from kasparro.store.connection import Connection
from kasparro.store.quota import used_this_month
from kasparro.store.runs import Run, get_run, list_runs


class NoSuchRun(Fatal):
    """The run asked for is not in the ledger."""

    exit_code = ExitCode.USAGE


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    app.command()(status)
    app.command()(runs)


def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show the last run, how far each stream is, and the calls used this month.

    Example: `kasparro status`
    """

    async def read(connection: Connection) -> dict[str, object]:
        return {
            "runs": await list_runs(connection, limit=1),
            "checkpoints": await list_checkpoints(connection),
            "calls_this_month": await used_this_month(connection),
        }

    found = ask(read)
    if as_json:
        print_json(found)
        return
    found_runs: list[Run] = found["runs"]  # type: ignore[assignment]
    _print_runs(found_runs)
    rows = [
        (c.source, c.stream, _position(c.cursor), f"{c.new:,}", f"{c.seen:,}", moment(c.updated_at))
        for c in found["checkpoints"]  # type: ignore[attr-defined]
    ]
    print_rows(
        table(
            "source",
            "stream",
            "position",
            "new",
            "seen",
            "last page",
            numbers=("new", "seen"),
            title="checkpoints",
        ),
        rows,
        "no checkpoints yet",
    )
    for source, used in found["calls_this_month"].items():  # type: ignore[attr-defined]
        out.print(f"{source}: {used:,} calls this month")


def runs(
    run_id: Annotated[int | None, typer.Argument(help="Show this run in full.", min=1, max=2**63 - 1)] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the newest runs, or one in full.

    Example: `kasparro runs 12`
    """

    async def read(connection: Connection) -> list[Run]:
        if run_id is None:
            return await list_runs(connection, limit=limit)
        run = await get_run(connection, run_id)
        return [run] if run else []

    found = ask(read)
    if run_id is not None and not found:
        raise NoSuchRun(f"there is no run {run_id}", remedy="`kasparro runs` lists those there are")
    if as_json:
        print_json(found if run_id is None else found[0])
        return
    _print_runs(found)
    for step in found[0].steps if run_id is not None else ():
        phases = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in step.seconds.items())
        out.print(f"[bold]{step.source}[/]: {step.loads} pages, {phases}", soft_wrap=True)
        for line in filter(None, (step.error, step.remedy, *step.notes)):
            out.print(f"  {line}", markup=False, soft_wrap=True)


def _print_runs(found: list[Run]) -> None:
    rows: list[tuple[str, ...]] = []
    for run in found:
        rows.append((str(run.run_id), run.kind, status_mark(run.status), "", "", "", "", moment(run.started_at),
                     _took(run)))  # fmt: skip
        for step in run.steps:
            mark = " [magenta](simulated)[/]" if step.simulated else ""
            numbers = (f"{n:,}" for n in (step.seen, step.new, step.unchanged, step.rejected))
            rows.append(("", f"  {step.source}{mark}", status_mark(step.status), *numbers, "", ""))
    shown = table("run", "kind", "status", "seen", "new", "unchanged", "rejected", "started", "took",
                  numbers=("seen", "new", "unchanged", "rejected", "took"), title="runs")  # fmt: skip
    print_rows(shown, rows, "no runs yet: `kasparro ingest` makes the first")


def _took(run: Run) -> str:
    if run.started_at is None:
        return "-"
    return f"{((run.ended_at or datetime.now(UTC)) - run.started_at).total_seconds():.1f} s"


def _position(cursor: dict[str, object]) -> str:
    state = "complete" if cursor.get("complete") else "unfinished"
    if "offset" in cursor:
        return f"byte {cursor['offset']:,}, {state}"
    done = msgspec.convert(cursor.get("done", []), list[tuple[int, int]])
    pages = ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in done)
    return f"page {pages or 'none'}, {state}"
