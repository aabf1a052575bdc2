"""The examination: what is odd about a run's steps and quotes. It flags and never drops: no quote is touched."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

import numpy as np
import structlog

from kasparro.ingest.examined import WORST, Examined, Told
from kasparro.ingest.sieve import Sieve, Sifted
from kasparro.market.anomaly.anomaly import LASTING, Anomaly, Kind, Severity
from kasparro.market.anomaly.history import DAY, Floats, History, Rows
from kasparro.market.anomaly.normal import ENOUGH
from kasparro.market.anomaly.page import QuotePage
from kasparro.market.anomaly.quotes import quote_anomalies
from kasparro.market.anomaly.standstill import STALE_FOR, stale_anomalies
from kasparro.market.anomaly.step import StepFigures, step_anomalies
from kasparro.store.anomalies import Finding, coin_ids, keep_anomalies, open_anomalies
from kasparro.store.connection import Connection, connect
from kasparro.store.examining import (
    FIELDS,
    Held,
    Newest,
    ReadLoad,
    ReadStep,
    count_nulls,
    read_held,
    read_history,
    read_loads,
    read_newest,
    read_others,
    read_steps,
    read_stood,
)

log = structlog.stdlib.get_logger(__name__)

STEPS = 30
"""Earlier steps that a step is compared with."""

STEPS_FOR_NULLS = 12
"""Earlier steps of which the unknown values are counted: each means reading all quotes that it brought."""

MANY = 250_000
"""Quotes of a step from which unknown values aren't counted: a file's first load may bring millions."""

DEPTH = 40
"""Earlier observations that a quote is compared with."""

HOURS = 30
"""The same where so many would be of less than a day: the last one of each of so many hours."""

AT_ONCE = 2_000
"""Listings whose past is in memory at a time."""

_SESSION = "-c statement_timeout=60s"
"""An examination that takes longer is given up: the run waits for it, and its data is in the ledger."""


async def examine(url: str, run_id: int, met: Mapping[str, Collection[str]]) -> Examined:
    """Look at what run `run_id` has brought to the ledger at `url`, and keep what is odd about it.

    `met` are the coins that each source's answers told of, news or not. Identity should be settled, so that the
    sources can be compared.
    """
    connection = await connect(url, _SESSION)
    try:
        steps = await read_steps(connection, run_id)
        loads, held = await read_loads(connection, run_id), await read_held(connection)
        sifted = []
        for step in steps:
            if step.mine:
                own = [load for load in loads if load.source == step.source]
                earlier = [each for each in steps if each.source == step.source and not each.mine]
                examination = _Examination(connection, step, earlier, own, held)
                sifted.append(await examination.run(met.get(step.source, ())))
        found = [finding for one in sifted for finding in (*one.new, *one.again)]
        await keep_anomalies(connection, run_id, found, [ended for one in sifted for ended in one.ended])
        return await _tell(connection, sifted)
    finally:
        await connection.close()


class _Examination:
    """One source's part of a run, looked at: `step` beside `earlier` ones, the newest first, and what its `loads`
    brought."""

    def __init__(
        self, connection: Connection, step: ReadStep, earlier: Sequence[ReadStep], loads: Sequence[ReadLoad], held: Held
    ) -> None:
        self._connection = connection
        self._step = step
        self._source = step.source
        self._comparable = [each for each in earlier if each.streams == step.streams][:STEPS]
        self._loads = loads
        self._held = held
        self._hourly = False

    async def run(self, met: Collection[str]) -> Sifted:
        """Everything that is odd about it, sifted."""
        sieve = Sieve(self._source, await open_anomalies(self._connection, self._source))
        sieve.take(await self._about_step())
        newest = await read_newest(self._connection, self._source, self._step.first, self._step.last)
        if len(newest):
            await self._about_quotes(newest, sieve)
        if met:
            await self._about_clocks(met, sieve)
        return await asyncio.to_thread(sieve.sift)

    # The step

    async def _about_step(self) -> list[Finding]:
        if self._step.status != "success" or len(self._comparable) < ENOUGH:
            return []
        counted = await self._nulls([self._step, *self._comparable[:STEPS_FOR_NULLS]])
        figures = [
            StepFigures(step.seen, step.rejected, step.seconds, nulls, FIELDS * quotes)
            for step in (self._step, *self._comparable)
            for quotes, nulls in [counted.get(step.step_id, (0, 0))]
        ]
        found = step_anomalies(self._source, figures[0], figures[1:])
        if any(anomaly.kind is Kind.MORE_RECORDS for anomaly in found):
            # More work may take longer.
            found = [anomaly for anomaly in found if anomaly.kind is not Kind.SLOW]
        return [Finding(self._source, anomaly) for anomaly in found]

    async def _nulls(self, steps: Sequence[ReadStep]) -> dict[int, tuple[int, int]]:
        """step -> its quotes, and how many of their values are unknown."""
        if any(step.seen > MANY for step in steps):
            return {}
        counted = await count_nulls(self._connection, [(step.first, step.last) for step in steps])
        return {
            step.step_id: (sum(quotes for quotes, _ in mine), sum(nulls for _, nulls in mine))
            for step in steps
            for mine in [[both for load, both in counted.items() if step.first <= load <= step.last]]
        }

    # Its quotes

    async def _about_quotes(self, newest: Newest, sieve: Sieve) -> None:
        others = self._held.others(self._source)
        listings = newest.listings.tolist()
        other_prices, other_times = await read_others(self._connection, listings, others)
        numbers = np.array([load.load_id for load in self._loads])
        fetched = np.array([np.nan if load.file else load.fetched_at.timestamp() for load in self._loads])
        fetched_at = fetched[np.searchsorted(numbers, newest.quotes >> 20)]
        # Where each listing has but this one quote there is nothing to be read.
        has_past = self._held.quotes.get(self._source, 0) > len(newest)
        for start in range(0, len(newest), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            observed_at = newest.observed_at[some]
            history = await self._history(listings[some], observed_at) if has_past else _none(len(observed_at))
            page = QuotePage(
                subjects=[str(row) for row in range(start, start + len(observed_at))],
                observed_at=observed_at, fetched_at=fetched_at[some],
                history=history, other_prices=other_prices[some], other_times=other_times[some],
                **{name: column[some] for name, column in newest.amounts.items()},
            )  # fmt: skip
            found = await asyncio.to_thread(quote_anomalies, page)
            sieve.looked(listings[some], LASTING - {Kind.FROZEN_PRICE})
            # One that has stood for longer than is looked back isn't found any more, and stands all the same.
            moved = np.flatnonzero(page.price != history.prices[:, -1]) + start
            sieve.looked([listings[row] for row in moved.tolist()], [Kind.FROZEN_PRICE])
            sieve.take(self._findings(found, listings, newest.quotes))

    async def _history(self, listings: Sequence[int], observed_at: Floats) -> History:
        if self._hourly:
            return await self._read_history(listings, HOURS, hourly=True)
        history = await self._read_history(listings, DEPTH, hourly=False)
        whole = np.isfinite(history.times[:, 0])
        self._hourly = bool(whole.any()) and float(np.median((observed_at - history.times[:, 0])[whole])) < DAY
        return await self._read_history(listings, HOURS, hourly=True) if self._hourly else history

    async def _read_history(self, listings: Sequence[int], depth: int, *, hourly: bool) -> History:
        rows, times, prices = await read_history(self._connection, listings, depth=depth, hourly=hourly)
        return await asyncio.to_thread(History.of, len(listings), rows, times, prices, depth)

    # Its clocks

    async def _about_clocks(self, met: Collection[str], sieve: Sieve) -> None:
        """Coins that were met and had nothing new to tell: their clocks may stand."""
        fetched_at = min(load.fetched_at for load in self._loads)
        before = fetched_at - timedelta(seconds=STALE_FOR)
        known = set(met)
        stood = [
            one for one in await read_stood(self._connection, self._source, self._step.first, before)
            if one.source_coin_id in known
        ]  # fmt: skip
        for start in range(0, len(stood), AT_ONCE):
            some = stood[start : start + AT_ONCE]
            listings = [one.listing_id for one in some]
            observed_at = np.array([one.observed_at.timestamp() for one in some])
            page = _clocks(observed_at, fetched_at.timestamp(), await self._history(listings, observed_at))
            found = await asyncio.to_thread(stale_anomalies, page)
            sieve.looked(listings, [Kind.STALE_CLOCK])
            sieve.take(self._findings(found, listings, [one.quote_id for one in some]))

    def _findings(
        self, found: Iterable[Anomaly], listings: Sequence[int], quotes: Sequence[int] | Rows
    ) -> list[Finding]:
        return [
            Finding(self._source, anomaly, listings[row], int(quotes[row]))
            for anomaly in found
            for row in [int(anomaly.subject)]
        ]


def _none(listings: int) -> History:
    """No past at all."""
    return History(np.full((listings, 1), np.nan), np.full((listings, 1), np.nan))


def _clocks(observed_at: Floats, fetched_at: float, history: History) -> QuotePage:
    """A page that tells of clocks only."""
    count = len(observed_at)
    unknown: Floats = np.full(count, np.nan)
    nobody: Floats = np.empty((count, 0))
    return QuotePage(
        subjects=[str(row) for row in range(count)], observed_at=observed_at,
        fetched_at=np.full(count, fetched_at), price=unknown, market_cap=unknown, change_24h_percent=unknown,
        circulating_supply=unknown, total_supply=unknown, max_supply=unknown, history=history,
        other_prices=nobody, other_times=nobody,
    )  # fmt: skip


async def _tell(connection: Connection, sifted: Sequence[Sifted]) -> Examined:
    by_severity: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for one in sifted:
        for (kind, severity), number in one.counted.items():
            by_severity[str(severity)] += number
            by_kind[str(kind)] += number
    order = list(reversed(Severity))
    # One of each kind tells more than many of one kind; `new` has the worst first.
    firsts = {(f.source, f.anomaly.kind): f for one in sifted for f in reversed(one.new)}
    worst = sorted(firsts.values(), key=lambda finding: order.index(finding.anomaly.severity))[:WORST]
    coins = await coin_ids(connection, [f.listing_id for f in worst if f.listing_id is not None])
    told = tuple(
        Told(f.source, coins.get(f.listing_id or 0), str(f.anomaly.kind), str(f.anomaly.severity), f.anomaly.reason)
        for f in worst
    )
    examined = Examined(dict(by_severity), dict(by_kind), told, sum(len(one.again) for one in sifted))
    log.info("run_examined", **examined.counts, again=examined.again)
    return examined
