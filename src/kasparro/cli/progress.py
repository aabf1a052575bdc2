"""Live progress of a run in a terminal: a bar a source."""

from collections import defaultdict
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from kasparro.cli.console import err
from kasparro.cli.tables import status_mark
from kasparro.store.page import Counts


class LiveProgress:
    """Shows pages and records per source while a run works; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("pages  {task.fields[said]}"),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._pages: defaultdict[str, int] = defaultdict(int)
        self._done: defaultdict[str, int] = defaultdict(int)
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)

    def __enter__(self) -> "LiveProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def planned(self, source: str, stream: str, pages: int) -> None:
        """Lengthen the bar of `source`."""
        self._pages[source] += pages
        self._show(source)

    def committed(self, source: str, stream: str, counts: Counts) -> None:
        """Move the bar of `source` on."""
        self._done[source] += 1
        self._pages[source] = max(self._pages[source], self._done[source])
        self._counts[source] += counts
        self._show(source)

    def ended(self, source: str, status: str) -> None:
        """Fill the bar of `source`."""
        self._pages[source] = self._done[source]
        self._show(source, status_mark(status))

    def _show(self, source: str, said: str = "") -> None:
        if source not in self._tasks:
            self._tasks[source] = self._bars.add_task(source, said="")
        counts = self._counts[source]
        self._bars.update(
            self._tasks[source],
            completed=self._done[source],
            total=self._pages[source],
            said=f"{counts.seen:,} records, {counts.new:,} new {said}",
        )
