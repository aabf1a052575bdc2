"""Former snapshots: how the ledger was, for who asks for a past moment, and for who is still on the pages of one."""

import asyncio
import time
from collections import OrderedDict

from kasparro.market.snapshot import Snapshot
from kasparro.store.latest import Moment, read_snapshot_at
from kasparro.store.pool import Overloaded, Pool

_LEFT = 8
"""Snapshots that were the newest a moment ago, and may have somebody on their pages."""
_BUILT = 4
"""Snapshots of past moments: who asks for one usually asks for its next page too."""
_KEPT_S = 300.0
"""How long each is kept after it was last asked for."""


class FormerSnapshots:
    """Snapshots that aren't the newest. `patience` is how many seconds one may wait for its turn to be built: one is
    at a time, since each reads all listings and takes a connection that others need too."""

    def __init__(self, reader: Pool, patience: float) -> None:
        self._reader = reader
        self._patience = patience
        self._left = _Kept(_LEFT)
        self._built = _Kept(_BUILT)
        self._under_way: dict[int, asyncio.Task[Snapshot]] = {}
        self._turn = asyncio.Lock()
        self._tidying: asyncio.TimerHandle | None = None

    def leave(self, snapshot: Snapshot) -> None:
        """Keep what was the newest until now."""
        self._left.put(snapshot)
        self._tidy_later()

    def left(self, version: int) -> Snapshot | None:
        """What was the newest at `version`, if it is still kept."""
        return self._left.get(version)

    async def at(self, moment: Moment) -> Snapshot:
        """The newest quotes as they were known at `moment`. Raises Overloaded."""
        version = moment.version
        if (found := self._built.get(version)) is not None:
            return found
        building = self._under_way.get(version)
        if building is None:
            building = self._under_way[version] = asyncio.create_task(self._build(moment))
            building.add_done_callback(lambda _: self._under_way.pop(version, None))
        # Whoever gives up waiting stops nobody else.
        return await asyncio.shield(building)

    def forget(self) -> None:
        """Nothing that was known of the ledger holds. What is being built is kept nowhere."""
        self._left = _Kept(_LEFT)
        self._built = _Kept(_BUILT)
        self._under_way = {}

    async def _build(self, moment: Moment) -> Snapshot:
        built = self._built
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            raise Overloaded("too many past moments are asked for at once", remedy="Try again in a second") from None
        try:
            async with self._reader.connection() as connection:
                snapshot = await read_snapshot_at(connection, moment)
        finally:
            self._turn.release()
        built.put(snapshot)
        self._tidy_later()
        return snapshot

    def _tidy_later(self) -> None:
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_KEPT_S / 5, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        unused_since = time.monotonic() - _KEPT_S
        if self._left.tidy(unused_since) + self._built.tidy(unused_since):
            self._tidy_later()


class _Kept:
    """Snapshots by version, at most so many: those that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[int, tuple[Snapshot, float]] = OrderedDict()

    def put(self, snapshot: Snapshot) -> None:
        self._found[snapshot.version] = (snapshot, time.monotonic())
        if len(self._found) > self._most:
            self._found.popitem(last=False)

    def get(self, version: int) -> Snapshot | None:
        if version not in self._found:
            return None
        snapshot, _ = self._found.pop(version)
        self._found[version] = (snapshot, time.monotonic())
        return snapshot

    def tidy(self, unused_since: float) -> int:
        """Let go of those that nobody has asked for since; how many stay."""
        while self._found and next(iter(self._found.values()))[1] <= unused_since:
            self._found.popitem(last=False)
        return len(self._found)
