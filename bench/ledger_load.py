"""Loading: 20,000 quotes into the ledger, against `\\copy` of the same rows into the same indexed tables.

Ours runs from Quote objects to commit: stage, find or make the listings, judge each quote against what is
known, append, keep latest quotes, payload, journal and checkpoint. Three situations: a first load (coins
unknown), a next sweep (coins known, newer quotes), and the same sweep once more (nothing new). In a next sweep
`\\copy` finds `latest_quotes` emptied, where ours has to update its rows: nothing is asked of that one. See
`reference` for what `\\copy` does.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from bench.figure import Figure, at_least, told
from bench.ledgers import EMPTY, Ledgers
from bench.reference import Reference, all_rows, rows_since
from bench.rounds import Seconds, ratio, take_turns, typical
from bench.sweeps import COINS, Sweep, coingecko, make_pages, two_sweeps
from kasparro.store.connection import connect
from kasparro.store.page import Page
from kasparro.store.pages import post_page
from kasparro.store.runs import open_run
from kasparro.store.staging import create_staging

NAME = "load"
LARGE = (10_000, 20_000)
SMALL = 250

Turn = Callable[[], dict[str, float]]


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """All figures of loading."""
    bench = Loading(ledgers, folder)
    measured = take_turns([*map(bench.first, (*LARGE, SMALL)), *map(bench.next, LARGE), bench.copy, bench.copy_next])
    figures = []
    for size in LARGE:
        next_speed = f"{COINS / typical(measured, f'next {size}'):,.0f} rows/s; \\copy updates no latest rows here"
        next_ratio = ratio(measured, f"next {size}", "copy next")
        figures += [
            _gated(measured, f"first load, {size:,} a page", f"first {size}", "copy", 0.6),
            _gated(measured, f"unchanged rows again, {size:,} a page", f"again {size}", "copy", 1.0),
            told(NAME, f"next sweep, {size:,} a page", next_ratio, "x \\copy", next_speed),
        ]
    for size in (LARGE[0], SMALL):
        what = f"first load from payload bytes (parse, hash, zstd), {size:,} a page"
        figures.append(told(NAME, what, ratio(measured, f"parsed {size}", "copy"), "x \\copy"))
    page = typical(measured, f"first {SMALL}") / (COINS / SMALL) * 1000
    return [
        *figures,
        _told(measured, f"first load, {SMALL} a page, each its own commit", f"first {SMALL}", f"{page:.1f} ms a page"),
        _told(measured, f"unchanged rows again, {SMALL} a page", f"again {SMALL}"),
        told(NAME, "\\copy itself, a first load's rows", COINS / typical(measured, "copy"), "rows/s"),
    ]


def _gated(measured: Seconds, what: str, ours: str, peer: str, floor: float) -> Figure:
    speed = f"{COINS / typical(measured, ours):,.0f} rows/s"
    return at_least(NAME, what, ratio(measured, ours, peer), floor, "x \\copy", speed)


def _told(measured: Seconds, what: str, ours: str, note: str = "") -> Figure:
    return told(NAME, what, ratio(measured, ours, "copy"), "x \\copy", note)


class Loading:
    """The contestants, each in a fresh ledger every turn."""

    def __init__(self, ledgers: Ledgers, folder: Path) -> None:
        self._ledgers = ledgers
        self._day_before, self._today = two_sweeps()
        self._everything = Reference(ledgers, folder / "everything")
        self._newer = Reference(ledgers, folder / "newer")
        self._known = ledgers.make()
        asyncio.run(self._post(self._known, self._day_before, LARGE[-1]))
        self._everything.export(self._known, all_rows())
        with ledgers.fresh(self._known) as name:
            asyncio.run(self._post(name, self._today, LARGE[-1]))
            self._newer.export(name, rows_since(1))

    def first(self, size: int) -> Turn:
        """A first load and the same rows again, `size` rows a page."""

        def turn() -> dict[str, float]:
            with self._ledgers.fresh() as name:
                parsed, posted, again = asyncio.run(self._post(name, self._day_before, size, twice=True))
            return {
                f"first {size}": posted,
                f"again {size}": again,
                f"parsed {size}": parsed + posted,
                f"parsed again {size}": parsed + again,
            }

        return turn

    def next(self, size: int) -> Turn:
        """Newer quotes of known coins, `size` rows a page."""

        def turn() -> dict[str, float]:
            with self._ledgers.fresh(self._known) as name:
                return {f"next {size}": asyncio.run(self._post(name, self._today, size))[1]}

        return turn

    def copy(self) -> dict[str, float]:
        """What `first` writes, by `\\copy` into an empty ledger."""
        with self._ledgers.fresh(EMPTY) as name:
            return {"copy": self._everything.copy(name)}

    def copy_next(self) -> dict[str, float]:
        """What `next` writes, by `\\copy` into a ledger that has a sweep's quotes and no latest ones."""
        with self._ledgers.fresh(self._known) as name:
            with psycopg.connect(self._ledgers.url(name)) as connection:
                connection.execute("TRUNCATE latest_quotes")
            return {"copy next": self._newer.copy(name)}

    async def _post(self, name: str, sweep: Sweep, size: int, *, twice: bool = False) -> tuple[float, float, float]:
        """The seconds to make the pages, to post them, and to post them again."""
        async with await connect(self._ledgers.url(name)) as connection:
            await create_staging(connection)
            _, steps = await open_run(connection, kind="ingest", sources=["coingecko"], host="", pid=os.getpid())
            source, payloads = await coingecko(), sweep.payloads(size)
            began = time.perf_counter()
            pages = make_pages(source, steps["coingecko"], payloads)
            parsed = time.perf_counter() - began

            async def post(pages: list[Page], new: int) -> float:
                self._ledgers.checkpoint()
                began = time.perf_counter()
                counts = [(await post_page(connection, page))[0] for page in pages]
                seconds = time.perf_counter() - began
                assert sum(count.new for count in counts) == new, counts
                return seconds

            return parsed, await post(pages, COINS), await post(pages, 0) if twice else 0.0
