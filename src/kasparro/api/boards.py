"""Boards and catalogues: what is made of a snapshot for questions about assets, once, however many ask."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from kasparro.market.board import Board
from kasparro.market.catalogue import Catalogue
from kasparro.market.snapshot import Snapshot
from kasparro.store.assets import read_catalogue
from kasparro.store.pool import Pool


class Boards:
    """They last as long as their snapshot. `sources` is the order in which sources are asked how an asset is called,
    `stale_after` the seconds after which a quote is stale."""

    def __init__(self, reader: Pool, sources: Sequence[str], stale_after: float) -> None:
        self._reader = reader
        self._sources = tuple(sources)
        try:
            self._fresh_for = timedelta(seconds=stale_after)
        except OverflowError:
            self._fresh_for = timedelta.max
        # Nothing in here may hold on to a snapshot: each is as large as all listings.
        self._boards: WeakKeyDictionary[Snapshot, Board] = WeakKeyDictionary()
        self._catalogues: WeakKeyDictionary[Snapshot, Catalogue] = WeakKeyDictionary()
        self._newest: Catalogue | None = None
        self._turn = asyncio.Lock()

    def board(self, snapshot: Snapshot, now: datetime) -> Board:
        """The quotes of `snapshot` side by side at the moment `now` (UTC)."""
        found = self._boards.get(snapshot)
        if found is None or found.now != now:
            found = self._boards[snapshot] = Board(snapshot.sides, now, self._fresh_for, self._sources)
        return found

    async def catalogue(self, snapshot: Snapshot) -> Catalogue:
        """All assets at the version of `snapshot`."""
        while (found := self._catalogues.get(snapshot)) is None:
            # One at a time: the first one reads all listings.
            async with self._turn:
                if snapshot not in self._catalogues:
                    self._catalogues[snapshot] = await self._read(snapshot.version)
        return found

    def forget(self) -> None:
        """Nothing that was known of the ledger holds."""
        self._newest = None

    async def _read(self, version: int) -> Catalogue:
        newest = self._newest
        if newest is not None and newest.version == version:
            return newest
        later = newest is None or newest.version < version
        async with self._reader.connection() as connection:
            read = await read_catalogue(connection, version, newest if later else None)
        if later and self._newest is newest:
            self._newest = read
        return read
