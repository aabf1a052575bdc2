"""The desk: what one worker's answers are made from."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

import structlog
from fastapi import Depends, Request

from kasparro.api.boards import Boards
from kasparro.api.cache import Stamp
from kasparro.api.exchange import Exchange
from kasparro.api.exports import Exports
from kasparro.api.former import FormerSnapshots
from kasparro.api.problems import unacceptable
from kasparro.api.quotes import EPOCH
from kasparro.api.single_flight import SingleFlight
from kasparro.config import Settings
from kasparro.market.snapshot import Snapshot
from kasparro.store.errors import DatabaseError, explain
from kasparro.store.latest import last_moment, moment_of, read_snapshot
from kasparro.store.pool import Pool
from kasparro.store.pulse import Pulse

log = structlog.stdlib.get_logger(__name__)
_WARMING_SECONDS = 2.0


class Chosen(NamedTuple):
    """The snapshot that a question is about. `now` is the moment by which staleness is told, `version` the last load
    that counts and `as_of` the moment that it stands for; both are None where no moment was asked for."""

    snapshot: Snapshot
    now: datetime
    version: int | None
    as_of: datetime | None


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
        self.exports = Exports()
        self.boards = Boards(reader, self.sources, settings.stale_after)
        self._pulse = pulse
        self._snapshot: Snapshot | None = None
        self._refreshing = asyncio.Lock()
        self._former = FormerSnapshots(reader, float(settings.database_timeout))

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

    async def warm(self) -> None:
        """Read the newest quotes, and what assets there are, before somebody waits for them. What hinders that, the
        first who asks is told."""
        try:
            async with asyncio.timeout(_WARMING_SECONDS):
                stamp = await self.stamps.ask()
                snapshot = await self._newest(stamp)
                self.boards.board(snapshot, _minute(stamp)).places(0, 1)
                await self.boards.catalogue(snapshot)
        except Exception as error:  # whatever it is: who asks is answered as well as can be
            log.info("not_warm", error=f"{type(error).__name__}: {error}")

    async def chosen(self, exchange: Exchange, as_of: datetime | None, begun_at: int | None = None) -> Chosen:
        """The newest quotes, with all that was committed before the request's arrival; or those known at `as_of`.

        `begun_at` is the version that a cursor's first page was of: its other pages are of the same.
        """
        stamp = await self.stamp(exchange)
        now = _minute(stamp)
        if as_of is None:
            snapshot = await (self._newest(stamp) if begun_at is None else self._walked(stamp, begun_at))
            return Chosen(snapshot, now, None, None)
        async with self.reader.connection() as connection:
            moment = await last_moment(connection, as_of)
            if begun_at is not None and begun_at < moment.version:
                moment = await moment_of(connection, begun_at)
        snapshot = await self._former.at(moment)
        # A past moment is looked at as it was to the microsecond, in its own minute too: it stays so for ever.
        then = as_of if as_of <= datetime.now(UTC) else min(as_of, now)
        return Chosen(snapshot, then, moment.version, min(as_of, moment.known_at))

    async def _newest(self, stamp: Stamp) -> Snapshot:
        while (found := self._snapshot) is None or found.version < stamp.data:
            async with self._refreshing:
                if self._snapshot is found:
                    async with self.reader.connection() as connection:
                        read = await read_snapshot(connection, found)
                    if found is not None and found.version < read.version:
                        self._former.leave(found)
                    self._snapshot = read
                    return read
        return found

    async def _walked(self, stamp: Stamp, begun_at: int) -> Snapshot:
        """The newest quotes as they were at the version `begun_at`; as they are where the ledger isn't as far."""
        found = self._snapshot
        if begun_at >= stamp.data:
            found = await self._newest(stamp)
            if found.version <= begun_at:
                return found
        if found is not None and found.version == begun_at:
            return found
        if (found := self._former.left(begun_at)) is not None:
            return found
        async with self.reader.connection() as connection:
            moment = await moment_of(connection, begun_at)
        return await self._former.at(moment)

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
            self._former.forget()
            self.boards.forget()
        return Stamp(versions.data, versions.activity, int(time.time() // 60))


def _minute(stamp: Stamp) -> datetime:
    return EPOCH + timedelta(minutes=stamp.minute)


async def _of(request: Request) -> Any:  # else FastAPI calls it in a thread
    return request.app.state.desk


Worker = Annotated[Desk, Depends(_of)]
"""The desk of the worker that answers."""
