"""Random histories against a naive replay: as ingested, as of every moment, reprocessed, replayed."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.ingest.replay import replay
from kasparro.ingest.reprocess import Reprocessed, reprocess
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import digest
from kasparro.store.page import Counts
from kasparro.store.payloads import read_payload
from kasparro.store.receipts import get_receipt
from kasparro.store.staging import create_staging
from tests.ingest.histories import PARSERS, HistoryPage, histories, refused, takes_all
from tests.ingest.looking import Desk, Kept, Key, known_at, latest, state, versions
from tests.ingest.naive import NaiveLedger
from tests.ingest.scripted import Read, Scripted

Check = Callable[..., Coroutine[Any, Any, None]]
_numbers = count()


def _for_all(url: str, check: Check, examples: int, **strategies: st.SearchStrategy[Any]) -> None:
    """Run `check(connection, **drawn)` for many examples, on one ledger: each takes sources of its own."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(url))
        runner.run(create_staging(connection))

        @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
        @given(**strategies)
        def example(**drawn: Any) -> None:
            runner.run(check(connection, **drawn))

        try:
            example()
        finally:
            runner.run(connection.close())


class _Told:
    """A history that was ingested: its sources, and what naive ledgers make of it."""

    def __init__(self, history: list[HistoryPage]) -> None:
        number = next(_numbers)
        self.history = history
        self.sources = [Scripted(name=f"s{number}-{n}") for n in range(1 + max(page.source for page in history))]

    async def ingest(self, connection: Connection) -> list[NaiveLedger]:
        """Post the pages one by one; each page's balance and each moment must be as the naive ledger has it."""
        naive = [NaiveLedger() for _ in self.sources]
        desk = Desk(connection)
        moments = []
        for page in self.history:
            source = self.sources[page.source]
            source.dataset = page.dataset
            counts = await desk.post(source, page.body, stream=f"pages{page.dataset}")
            assert counts == naive[page.source].page(page.dataset, page.records)
            moments.append((await known_at(connection), page.source, naive[page.source].state()))
        for moment, source_number, expected in moments:
            assert await state(connection, self.sources[source_number].name, moment) == expected
        return naive

    def naively(self, source: int, read: Read) -> NaiveLedger:
        """What a ledger has that was filled by this parser from the start."""
        naive = NaiveLedger(read)
        for page in self.history:
            if page.source == source and not refused(read, page):
                naive.page(page.dataset, page.records)
        return naive


async def _matches(connection: Connection, source: str, naive: NaiveLedger) -> None:
    assert await state(connection, source) == naive.state()
    assert await latest(connection, source) == naive.latest


def test_any_history_ends_as_a_naive_replay_does_also_as_of_every_moment(url: str) -> None:
    async def check(connection: Connection, history: list[HistoryPage]) -> None:
        told = _Told(history)
        naive = await told.ingest(connection)
        for source, expected in zip(told.sources, naive, strict=True):
            kept = await versions(connection, source.name)
            flat = [(key, n, price) for key, all_of in expected.versions.items() for n, price in enumerate(all_of, 1)]
            assert [(one.key, one.version, one.price) for one in kept] == sorted(flat, key=lambda one: one[:2])
            await _matches(connection, source.name, expected)
        before = await digest(connection)
        for source in told.sources:
            assert await _nothing(url, source)
        assert await digest(connection) == before

    _for_all(url, check, 100, history=histories(sources=2))


def test_a_changed_parser_brings_the_state_that_it_would_have_had_from_the_start(url: str) -> None:
    async def check(connection: Connection, history: list[HistoryPage], read: Read) -> None:
        told = _Told(history)
        naive = await told.ingest(connection)
        then = await known_at(connection)
        for number, source in enumerate(told.sources):
            before = await state(connection, source.name)
            already = set(await versions(connection, source.name))
            source.read, source.parser = read, f"{source.name}/2"
            done = await _reprocess(url, source)
            expected = told.naively(number, read)
            await _matches(connection, source.name, expected)
            added = [one for one in await versions(connection, source.name) if one not in already]
            now = expected.state()
            differing = {key for key in now if key not in before or before[key] != now[key]}
            assert {one.key for one in added if not one.retracted} == differing
            assert {one.key for one in added if one.retracted} == before.keys() - now.keys()
            assert len(added) == done.versions + done.retractions
            for one in added:
                await _has_a_receipt(connection, source, one)
            assert await state(connection, source.name, then) == before
            assert await _nothing(url, source)
            source.read, source.parser = PARSERS[0], f"{source.name}/3"
            await _reprocess(url, source)
            await _matches(connection, source.name, naive[number])

    _for_all(url, check, 50, history=histories(), read=st.sampled_from(PARSERS))


def test_replay_fills_holes_with_the_newest_rejected_record_and_overrides_nothing(url: str) -> None:
    async def check(connection: Connection, history: list[HistoryPage]) -> None:
        told = _Told(history)
        await told.ingest(connection)
        for number, source in enumerate(told.sources):
            before = await state(connection, source.name)
            rejected = _newest_rejected(told.history, number)
            source.read, source.parser = takes_all, f"{source.name}/2"
            done = await replay(url, source)
            assert await state(connection, source.name) == rejected | before
            assert done.counts.rejected == 0
            assert done.counts.new == len(rejected.keys() - before.keys())
            for one in await versions(connection, source.name):
                await _has_a_receipt(connection, source, one)
            assert (await replay(url, source)).counts == Counts()

    _for_all(url, check, 40, history=histories())


def _newest_rejected(history: list[HistoryPage], source: int) -> dict[Key, Decimal | None]:
    """For each coin and moment that was ever rejected, the price of the rejected record that came last."""
    met = set()
    newest: dict[Key, Decimal | None] = {}
    for page in history:
        for sent in page.records:
            text = (page.dataset, json.dumps(sent))
            if page.source == source and "bad" in sent and text not in met:
                met.add(text)
                newest[page.dataset, sent["id"], datetime.fromisoformat(sent["at"])] = Decimal(sent["price"])
    return newest


async def _has_a_receipt(connection: Connection, source: Scripted, kept: Kept) -> None:
    """The receipt must lead to kept bytes in which today's parser finds this very number at its place.

    For a retraction: to bytes in which it doesn't find this coin and moment at that place any more.
    """
    receipt = await get_receipt(connection, kept.quote_id)
    assert receipt is not None
    content = await read_payload(connection, bytes.fromhex(receipt.sha256))
    assert hashlib.sha256(content).hexdigest() == receipt.sha256
    assert (receipt.version, receipt.retracted, receipt.price_usd) == (kept.version, kept.retracted, kept.price)
    sent = json.loads(content)[receipt.ordinal]
    read = source.read(sent) if not refused(source.read, HistoryPage(0, "", json.loads(content))) else None
    fits = (
        read is not None
        and "bad" not in read
        and (receipt.dataset, read["id"], datetime.fromisoformat(read["at"])) == kept.key
    )
    if kept.retracted:
        assert not fits
        assert receipt.kind == "reprocess"
    elif receipt.parser == source.parser:
        assert fits
        assert read is not None
        assert kept.price == (None if read["price"] is None else Decimal(read["price"]))


async def _nothing(url: str, source: Scripted) -> bool:
    done = await _reprocess(url, source)
    return not (done.versions or done.retractions or done.coins or done.resolved)


async def _reprocess(url: str, source: Scripted) -> Reprocessed:
    return await reprocess(url, source, tell=lambda done, of: None)
