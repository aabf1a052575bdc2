"""Reprocess and replay: what was kept read again, and what was rejected taken in after all."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kasparro.ingest.errors import SourcesBusy
from kasparro.ingest.progress import Quiet
from kasparro.ingest.replay import replay
from kasparro.ingest.reprocess import Reprocessed, reprocess
from kasparro.ingest.run import run_ingest
from kasparro.store.claims import claim
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import digest
from kasparro.store.page import Counts
from kasparro.store.payloads import PayloadDamaged
from kasparro.store.receipts import get_receipt
from tests.ingest.histories import takes_all
from tests.ingest.looking import Desk, latest, rows, state, value, versions
from tests.ingest.scripted import Record, Scripted, body, record


@pytest.fixture
def desk(connection: Connection) -> Desk:
    """Posts payloads into a fresh ledger."""
    return Desk(connection)


@pytest.fixture
def source() -> Scripted:
    """A source whose payloads are posted by hand."""
    return Scripted()


async def _reprocess(url: str, source: Scripted) -> Reprocessed:
    return await reprocess(url, source, tell=lambda done, of: None)


def _forgives(sent: Record) -> Record:
    return {key: found for key, found in sent.items() if key not in ("bad", "refuse")}


async def _changes_nothing(url: str, desk: Desk, source: Scripted) -> None:
    before = await digest(desk.connection)
    done = await _reprocess(url, source)
    assert (done.versions, done.retractions, done.coins, done.resolved) == (0, 0, 0, 0)
    assert await digest(desk.connection) == before


async def test_coins_that_changed_their_names_are_not_versions_again(url: str, desk: Desk, source: Scripted) -> None:
    lists: list[tuple[Record, ...]] = [
        ({"coin": "a", "name": "One", "addresses": [["eth", "0x1"]]}, {"coin": "b", "name": "Same"}),
        ({"coin": "a", "name": "Two", "addresses": [["bsc", "0x2"]]}, {"coin": "b", "name": "Same"}),
        ({"coin": "a", "name": "Three"}, {"coin": "a", "name": "Four"}),
    ]
    for coins in lists:
        await desk.post(source, body(*coins), stream="coins")
    await _changes_nothing(url, desk, source)


async def test_coins_that_a_new_parser_reads_otherwise_get_one_version_each(
    url: str, desk: Desk, source: Scripted
) -> None:
    for name in ("one", "two"):
        await desk.post(source, body({"coin": "a", "name": name}, {"coin": "b", "name": "b"}), stream="coins")
    source.read = lambda sent: sent | {"name": sent["name"].upper(), "addresses": [["eth", sent["name"]]]}
    done = await _reprocess(url, source)
    names = await rows(desk.connection, "SELECT source_coin_id, name FROM listings ORDER BY 1")
    assert names == [("a", "TWO"), ("b", "B")]
    assert await value(desk.connection, "SELECT count(*) FROM listing_versions") == 3 + 2
    assert await value(desk.connection, "SELECT count(*) FROM listing_addresses") == 3
    assert done.coins >= 2
    await _changes_nothing(url, desk, source)


async def test_what_becomes_known_of_listings_is_decided_at_once(url: str, desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1"), record("b", "2", bad="no")))
    source.read = _forgives
    for again in (replay(url, source), _reprocess(url, source)):
        await desk.connection.execute("DELETE FROM considered")
        await desk.connection.execute("UPDATE listings SET asset_id = NULL")
        await again
        assert await value(desk.connection, "SELECT count(*) FROM listings WHERE asset_id IS NULL") == 0


async def test_the_same_bytes_under_two_requests_are_two_payloads_to_read(
    url: str, desk: Desk, source: Scripted
) -> None:
    for at in ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"):
        source.context = lambda position, at=at: {"at": at}  # type: ignore[misc]
        assert (await desk.post(source, body(record("a", "1")))).new == 1
    await _changes_nothing(url, desk, source)


async def test_a_payload_that_came_again_after_another_counts_at_its_last_arrival(
    url: str, desk: Desk, source: Scripted
) -> None:
    for price in ("1", "2", "1"):
        await desk.post(source, body(record("a", price)))
    await _changes_nothing(url, desk, source)


async def test_a_refused_payload_gives_its_quotes_to_a_parser_that_understands_it(
    url: str, connection: Connection
) -> None:
    source = Scripted(body(record("a", "1")), body(record("b", "2", refuse=True), record("c", "3")), body())
    report = await run_ingest(url, [source], progress=Quiet())
    assert (report.status, report.steps[0].counts) == ("failed", Counts(1, 1, 0, 0))
    assert "required field 'price'" in (report.steps[0].error or "")
    assert await value(connection, "SELECT count(*) FROM drift_events WHERE required") == 1
    assert await value(connection, "SELECT refusal FROM loads WHERE refusal IS NOT NULL")
    assert (await _reprocess(url, source)).versions == 0
    source.read, source.parser = _forgives, "scripted/2"
    assert (await _reprocess(url, source)).versions == 2
    assert {coin: found[1] for (_, coin), found in (await latest(connection, "scripted")).items()} == {
        "a": Decimal(1),
        "b": Decimal(2),
        "c": Decimal(3),
    }
    newest = (await versions(connection, "scripted"))[-1]
    receipt = await get_receipt(connection, newest.quote_id)
    assert receipt is not None
    assert (receipt.parser, receipt.kind, receipt.ordinal) == ("scripted/2", "reprocess", 1)
    again = await _reprocess(url, source)
    assert (again.versions, again.retractions) == (0, 0)


async def test_a_refused_payload_is_asked_for_again_by_the_next_run(url: str) -> None:
    await run_ingest(url, [Scripted(body(record("a", "1")), body({"refuse": True}))], progress=Quiet())
    source = Scripted(body(record("a", "1")), body(record("b", "1")))
    assert (await run_ingest(url, [source], progress=Quiet())).status == "success"
    assert source.asked == [("pages", 2)]


async def test_what_only_today_is_rejected_is_retracted_and_kept_as_a_rejection(
    url: str, desk: Desk, source: Scripted
) -> None:
    await desk.post(source, body(record("a", "1"), record("b", "2")))
    source.read = lambda sent: sent | {"bad": "no more"} if sent["id"] == "a" else sent
    done = await _reprocess(url, source)
    assert (done.versions, done.retractions) == (0, 1)
    assert [coin for _, coin in await latest(desk.connection, "scripted")] == ["b"]
    assert await rows(desk.connection, "SELECT detail, times FROM rejections") == [("no more", 1)]
    source.read = _forgives
    assert (await _reprocess(url, source)).resolved == 1
    assert len(await state(desk.connection, "scripted")) == 2


async def test_ingesting_what_was_retracted_brings_it_back_as_a_version(url: str, desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1")))
    source.read = lambda sent: None
    await _reprocess(url, source)
    assert await latest(desk.connection, "scripted") == {}
    source.read = _forgives
    assert (await desk.post(source, body(record("a", "1")))).new == 1
    assert [one.retracted for one in await versions(desk.connection, "scripted")] == [False, True, False]
    assert len(await latest(desk.connection, "scripted")) == 1


async def test_reprocessing_one_source_leaves_the_others_alone(url: str, desk: Desk, source: Scripted) -> None:
    other = Scripted(name="other")
    await desk.post(source, body(record("a", "1")))
    await desk.post(other, body(record("a", "1")))
    source.read = lambda sent: None
    await _reprocess(url, source)
    assert len(await state(desk.connection, "other")) == 1


async def test_a_damaged_payload_stops_reprocessing_before_anything_is_written(
    url: str, desk: Desk, source: Scripted
) -> None:
    await desk.post(source, body(record("a", "1")))
    await desk.post(source, body(record("b", "1")))
    await desk.connection.execute("UPDATE payloads SET body = 'x' WHERE sha256 = (SELECT sha256 FROM loads LIMIT 1)")
    source.read = lambda sent: sent | {"price": "2"}
    before = await digest(desk.connection)
    with pytest.raises(PayloadDamaged):
        await _reprocess(url, source)
    assert await digest(desk.connection) == before
    assert await value(desk.connection, "SELECT status FROM etl_runs WHERE kind = 'reprocess'") == "failed"


async def test_a_source_that_is_being_ingested_is_not_reprocessed(url: str, desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1"), record("b", "1", bad="no")))
    other = await connect(url)
    try:
        assert await claim(other, "scripted")
        with pytest.raises(SourcesBusy):
            await _reprocess(url, source)
        with pytest.raises(SourcesBusy):
            await replay(url, source)
    finally:
        await other.close()


async def test_quotes_that_were_dated_ahead_can_be_replayed_once_their_time_has_come(
    url: str, desk: Desk, source: Scripted
) -> None:
    now = datetime.now(UTC)
    soon, later = now - timedelta(hours=1), now + timedelta(days=1)
    page = body(*(record(coin, "1", soon.isoformat()) for coin in "abc"), record("d", "1", later.isoformat()))
    assert (await desk.post(source, page, arrived=now - timedelta(days=1))).rejected == 4
    done = await replay(url, source)
    assert done.counts == Counts(4, 3, 0, 1)
    assert sorted(coin for _, coin in await latest(desk.connection, "scripted")) == ["a", "b", "c"]
    await _changes_nothing(url, desk, source)


async def test_a_record_that_still_does_not_fit_stays_rejected(url: str, desk: Desk, source: Scripted) -> None:
    await desk.post(
        source, body(record("a", "1", bad="no"), record("b", "1", bad="no"), {"coin": "c", "name": "C", "bad": "no"})
    )
    source.read = lambda sent: takes_all(sent) if sent.get("id") != "a" else sent
    assert (await replay(url, source)).counts == Counts(3, 2, 0, 1)
    assert (await replay(url, source)).counts == Counts(1, 0, 0, 1)
    open_now = await rows(desk.connection, "SELECT ordinal FROM rejections WHERE resolved_load_id IS NULL")
    assert open_now == [(0,)]


async def test_a_replayed_record_has_a_receipt_of_its_own(url: str, desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("b", "1"), record("a", "7", bad="no")))
    source.read, source.parser = takes_all, "scripted/2"
    await replay(url, source)
    [kept] = [one for one in await versions(desk.connection, "scripted") if one.key[1] == "a"]
    receipt = await get_receipt(desk.connection, kept.quote_id)
    assert receipt is not None
    assert (receipt.kind, receipt.parser, receipt.ordinal, str(receipt.price_usd)) == ("replay", "scripted/2", 1, "7")
