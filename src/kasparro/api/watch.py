"""The watch: what the health checks and `/metrics` are told by, on connections that requests never use.

Who watches must see also while every connection of the pool is busy.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

from kasparro.api.single_flight import SingleFlight
from kasparro.store.anomalies import count_by_severity, count_open, last_examined
from kasparro.store.connection import Connection
from kasparro.store.errors import ConnectionLost, DatabaseError, explain
from kasparro.store.kept import KeptConnection
from kasparro.store.runs import Run, list_runs
from kasparro.store.schema import require_schema
from kasparro.store.summary import SourceSummary, runs_by_status, summarise

Answer = TypeVar("Answer")

PATIENCE_S = 0.8
"""Who asks whether it is healthy hears within a second."""
_BRIEF_S = 0.7
"""Less than that, so that whoever is patient still hears why."""
THOROUGH_S = 3.0
_READ_ONLY = "-c default_transaction_read_only=on"
_NEWEST = 5


class Totals(NamedTuple):
    """The sources in numbers, how many runs there are of each status, and how many anomalies: those that last by
    source and kind, those of the last run by severity."""

    sources: list[SourceSummary]
    runs: dict[str, int]
    lasting: dict[tuple[str, str], int]
    last_run: dict[str, int]


class Watch:
    """Two connections to the database at `url`: the totals can take their time, and keep no health check waiting.

    Who asks at the same time shares one answer. Each raises KasparroError when there is none.
    """

    def __init__(self, url: str, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)
        self._brief = KeptConnection(url, more=_READ_ONLY, timeout=_BRIEF_S)
        self._thorough = KeptConnection(url, more=_READ_ONLY, timeout=THOROUGH_S)
        self.last_run = SingleFlight(lambda: _asked(self._brief, _last_run)).ask
        self.schema = SingleFlight(lambda: _asked(self._brief, require_schema)).ask
        self.totals = SingleFlight(lambda: _asked(self._thorough, self._totals)).ask

    async def close(self) -> None:
        """Close the connections."""
        await self._brief.close()
        await self._thorough.close()

    async def _totals(self, connection: Connection) -> Totals:
        return Totals(
            await summarise(connection, self._sources),
            await runs_by_status(connection),
            await count_open(connection),
            await count_by_severity(connection, await last_examined(connection) or 0),
        )


async def _last_run(connection: Connection) -> Run | None:
    """The last run that ended."""
    return next((run for run in await list_runs(connection, limit=_NEWEST) if run.ended_at and run.steps), None)


async def _asked(kept: KeptConnection, ask: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    try:
        try:
            async with kept.use() as connection:
                return await ask(connection)
        except (DatabaseError, ConnectionLost):
            # The connection of before may have died while nobody asked.
            async with kept.use() as connection:
                return await ask(connection)
    except DatabaseError as error:
        raise explain(error) or error from error
