"""Tables that a person can read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich import box
from rich.markup import escape
from rich.table import Table

from kasparro.cli.console import out
from kasparro.ingest.report import RunReport, StepReport

_COLOURS = {"success": "green", "partial": "yellow", "failed": "red", "interrupted": "red", "running": "cyan"}


def status_mark(status: str) -> str:
    """The status in its colour."""
    return f"[{_COLOURS.get(status, 'white')}]{status}[/]"


def table(*columns: str, numbers: Iterable[str] = (), title: str | None = None) -> Table:
    """An empty table; the columns named in `numbers` are aligned right."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    right = set(numbers)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=column in right)
    return made


def moment(value: datetime | None) -> str:
    """A time in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if value else "-"


def print_report(report: RunReport) -> None:
    """The closing table of a run, and below it what there is to know and to do."""
    shown = table(
        "source", "status", "seen", "new", "unchanged", "rejected", "requests", "retries", "seconds",
        numbers=("seen", "new", "unchanged", "rejected", "requests", "retries", "seconds"),
        title=f"run {report.run_id}: {status_mark(report.status)}",
    )  # fmt: skip
    for step in report.steps:
        counts = step.counts
        shown.add_row(
            step.source + (" [magenta](simulated)[/]" if step.simulated else ""),
            status_mark(step.status),
            *(f"{n:,}" for n in (counts.seen, counts.new, counts.unchanged, counts.rejected)),
            str(step.requests),
            str(step.retries),
            f"{step.seconds:.2f}",
        )
    out.print(shown)
    for step in report.steps:
        _print_remarks(step)
    for name in report.busy:
        out.print(f"[yellow]{escape(name)}[/]: left out, another run is working on it")


def _print_remarks(step: StepReport) -> None:
    name = f"[bold]{step.source}[/]"
    if step.error:
        out.print(f"{name}: [red]{escape(step.error)}[/]" + (f". {escape(step.remedy)}" if step.remedy else ""))
    if step.counts.rejected:
        out.print(f"{name}: {step.counts.rejected:,} rejected; `kasparro rejections` shows why")
    if step.duplicates:
        out.print(f"{name}: {step.duplicates:,} met twice in this sweep")
    for note in step.notes:
        out.print(f"{name}: {escape(note)}")


def print_rows(shown: Table, rows: Sequence[Sequence[object]], empty: str) -> None:
    """Fill and print a table, or say `empty` when there are no rows."""
    if not rows:
        out.print(empty)
        return
    for row in rows:
        shown.add_row(*(value if isinstance(value, str) else str(value) for value in row))
    out.print(shown)
