"""The desk: what one worker's answers are made from."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from kasparro.api.cache import Stamp
from kasparro.api.exchange import Exchange
from kasparro.api.problems import unacceptable
from kasparro.api.single_flight import SingleFlight
from kasparro.config import Settings
from kasparro.market.snapshot import Snapshot
from kasparro.store.errors import DatabaseError, explain
from kasparro.store.latest import (
    Moment,
    last_moment,
    read_snapshot,
    read_snapshot_at,
)
from kasparro.store.pool import Pool
from kasparro.store.pulse import Pulse

_KEPT_MOMENTS = 4
"""Past snapshots that are kept: who asks for one usually asks for its next page too."""


class Desk:
    """`reader` and `writer` are the pools, `pulse` the connection that only asks whether anything changed.

    `sources` are all that there are, in the order in which an id is looked up in them.
    """

    def __init__(self, settings: Settings, reader: Pool, writer: Pool, pulse: Pulse, sources: Sequence[str]) -> None:
        self.settings = settings
        self.reader = reader
        self.writer = writer
        self.sources = tuple(sources)
        self.started = datetime.now(UTC)
        self.stamps = SingleFlight(self._read_stamp)
        self._pulse = pulse
        self._snapshot: Snapshot | None = None
        self._refreshing = asyncio.Lock()
        self._past: OrderedDict[int, Snapshot] = OrderedDict()

    def known_source(self, name: str | None) -> str | None:
        """The source of this name in whatever case; None stays None. Raises Problem when there is none."""
        if name is None or name.lower() in self.sources:
            return name and name.lower()
        raise unacceptable("source", name, f"Any of {', '.join(self.sources)} is accepted")

    async def stamp(self, exchange: Exchange) -> Stamp:
        """What an answer to `exchange` depends on, as it is after the request's arrival."""
        if exchange.stamp is None:
            exchange.stamp = await self.stamps.ask()
        return exchange.stamp

    async def snapshot(self, exchange: Exchange) -> Snapshot:
        """The newest quotes, with all that was committed before the request's arrival."""
        needed = (await self.stamp(exchange)).data
        while (found := self._snapshot) is None or found.version < needed:
            async with self._refreshing:
                if self._snapshot is found:
                    async with self.reader.connection() as connection:
                        self._snapshot = await read_snapshot(connection, found)
                    return self._snapshot
        return found

    async def moment(self, as_of: datetime) -> Moment:
        """The last moment of the ledger that was known at `as_of`."""
        async with self.reader.connection() as connection:
            return await last_moment(connection, as_of)

    async def snapshot_at(self, moment: Moment) -> Snapshot:
        """The newest quotes as they were known at `moment`."""
        found = self._past.get(moment.version)
        if found is None:
            async with self.reader.connection() as connection:
                found = await read_snapshot_at(connection, moment)
            self._past[moment.version] = found
            if len(self._past) > _KEPT_MOMENTS:
                self._past.popitem(last=False)
        self._past.move_to_end(moment.version)
        return found

    async def _read_stamp(self) -> Stamp:
        known = self._snapshot
        try:
            try:
                versions = await self._pulse.read()
            except DatabaseError:
                # The connection of before may have died while nobody asked: that's no reason to refuse anybody.
                versions = await self._pulse.read()
        except DatabaseError as error:
            raise explain(error) or error from error
        if known is not None and versions.data < known.version:
            # The ledger went back: a backup was restored. Nothing that is remembered holds.
            self._snapshot = None
            self._past.clear()
        return Stamp(versions.data, versions.activity, int(time.time() // 60))


async def _of(request: Request) -> Any:  # else FastAPI calls it in a thread
    return request.app.state.desk


Worker = Annotated[Desk, Depends(_of)]
"""The desk of the worker that answers."""
