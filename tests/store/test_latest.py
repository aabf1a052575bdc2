"""Snapshots of the newest quotes: read whole, read on, and as they were known."""

import asyncio
from datetime import UTC, datetime, timedelta

from kasparro.ingest.identity import settle_identity
from kasparro.ingest.reprocess import reprocess
from kasparro.market.snapshot import Filters, Snapshot
from kasparro.store.connection import Connection, connect
from kasparro.store.latest import last_moment, moment_of, read_snapshot, read_snapshot_at, read_versions
from tests.ingest.looking import Desk, known_at, value
from tests.ingest.scripted import Scripted, body, record


def _prices(snapshot: Snapshot) -> dict[str, str]:
    return {row.crypto_id: str(row.price_usd) for row in snapshot.find(Filters())}


async def test_only_what_changed_is_read_and_the_whole_is_right(desk: Desk, source: Scripted) -> None:
    empty = await read_snapshot(desk.connection, None)
    assert empty.version == 0 and _prices(empty) == {}
    await desk.post(source, body(record("a", "1"), record("b", "1")))
    first = await read_snapshot(desk.connection, empty)
    await desk.post(source, body(record("b", "2"), record("c", "3")))
    second = await read_snapshot(desk.connection, first)
    assert (first.version, second.version) == (1, 2)
    assert _prices(first) == {"a": "1", "b": "1"}
    assert _prices(second) == {"a": "1", "b": "2", "c": "3"}
    same = {row.crypto_id: row for row in first.rows}
    assert next(row for row in second.rows if row.crypto_id == "a") is same["a"], "what stayed isn't read again"


async def test_a_page_that_is_not_committed_is_not_seen(desk: Desk, source: Scripted, url: str) -> None:
    other = await connect(url)
    async with desk.connection.transaction():
        await desk.post(source, body(record("a", "1")))
        assert (await read_snapshot(other, None)).version == 0
    assert (await read_snapshot(other, None)).version == 1
    await other.close()


async def test_what_a_new_parser_takes_back_goes(desk: Desk, source: Scripted, url: str) -> None:
    await desk.post(source, body(record("a", "1"), record("b", "1")))
    await desk.post(source, body(record("a", "2", at="2026-03-02T00:00:00Z")), position=2)
    before = await read_snapshot(desk.connection, None)
    source.parser = "scripted/2"
    source.read = lambda sent: None if sent["id"] == "b" or sent["price"] == "2" else sent
    await reprocess(url, source, tell=lambda done, of: None)
    after = await read_snapshot(desk.connection, before)
    assert _prices(before) == {"a": "2", "b": "1"} and _prices(after) == {"a": "1"}
    now = await last_moment(desk.connection, datetime(2099, 1, 1, tzinfo=UTC))
    assert _prices(await read_snapshot_at(desk.connection, now)) == {"a": "1"}


async def test_a_ledger_that_went_back_is_read_anew(desk: Desk, source: Scripted) -> None:
    for coin in "abc":
        await desk.post(source, body(record(coin, "1")))
    former = await read_snapshot(desk.connection, None)
    await desk.connection.execute("UPDATE ledger SET version = 1")
    await desk.connection.execute("DELETE FROM latest_quotes WHERE quote_id >= 2 << 20")
    found = await read_snapshot(desk.connection, former)
    assert found.version == 1 and _prices(found) == {"a": "1"}


async def test_both_counters_move_with_what_they_count(desk: Desk, source: Scripted) -> None:
    first = await read_versions(desk.connection)
    await desk.post(source, body(record("a", "1")))  # opens a run and a step
    second = await read_versions(desk.connection)
    assert second.data == first.data + 1 and second.activity > first.activity
    await desk.post(source, body(record("a", "1")))
    third = await read_versions(desk.connection)
    assert third.data == second.data + 1 and third.activity == second.activity


async def test_a_resolution_is_read_on_without_a_page(desk: Desk, source: Scripted, url: str) -> None:
    source.name = "coingecko"
    await desk.post(source, body(record("a", "1"), record("b", "1")))
    before = await read_snapshot(desk.connection, None)
    assert {row.asset for row in before.rows} == {None}
    await asyncio.to_thread(settle_identity, url)
    after = await read_snapshot(desk.connection, before)
    assert after.version == before.version + 1
    assert {row.crypto_id: row.asset for row in after.rows} == {"a": "a", "b": "b"}
    assert all(f'"asset":"{row.asset}"' in row.body for row in after.rows)
    whole = await read_snapshot(desk.connection, None)
    assert {row.listing_id: row for row in whole.rows} == {row.listing_id: row for row in after.rows}
    await desk.post(source, body(record("a", "2")))
    last = await read_snapshot(desk.connection, after)
    kept = {row.crypto_id: row for row in after.rows}
    assert next(row for row in last.rows if row.crypto_id == "b") is kept["b"], "what stayed isn't read again"


async def test_a_moment_counts_resolutions_and_shows_the_links_of_then(desk: Desk, source: Scripted, url: str) -> None:
    source.name = "coingecko"
    far = datetime(2099, 1, 1, tzinfo=UTC)
    await desk.post(source, body(record("a", "1")))
    loaded = await last_moment(desk.connection, far)
    await asyncio.to_thread(settle_identity, url)
    settled = await last_moment(desk.connection, far)
    assert settled.version == loaded.version + 1 and settled.known_at > loaded.known_at
    assert await last_moment(desk.connection, settled.known_at) == settled
    assert await last_moment(desk.connection, settled.known_at - timedelta(microseconds=1)) == loaded
    assert await moment_of(desk.connection, settled.version) == await moment_of(desk.connection, 10**9) == settled
    assert await moment_of(desk.connection, loaded.version) == loaded
    assert [row.asset for row in (await read_snapshot_at(desk.connection, loaded)).rows] == [None]
    assert [row.asset for row in (await read_snapshot_at(desk.connection, settled)).rows] == ["a"]


async def test_a_moment_has_the_names_of_then(desk: Desk, source: Scripted, url: str) -> None:
    told = []
    for day, name in enumerate(("Old", "Old", "New", "Newest"), start=1):
        await desk.post(source, body(record("a", "1", f"2026-03-0{day}T00:00:00Z", name=name)), position=day)
        told.append((await last_moment(desk.connection, datetime(2099, 1, 1, tzinfo=UTC)), name))
    # A quote of a moment before the newest one doesn't rename the coin.
    await desk.post(source, body(record("a", "1", "2026-02-01T00:00:00Z", name="Oldest")), position=9)
    source.parser = "scripted/2"
    source.read = lambda sent: None if sent["at"] >= "2026-03-03" else sent
    await reprocess(url, source, tell=lambda done, of: None)
    for moment, name in told:
        [row] = (await read_snapshot_at(desk.connection, moment)).rows
        assert row.crypto_name == name
    [row] = (await read_snapshot(desk.connection, None)).rows
    assert (row.crypto_name, row.observed_at.day) == ("Old", 2)
    source.parser = "scripted/3"
    source.read = lambda sent: None
    await reprocess(url, source, tell=lambda done, of: None)
    assert not (await read_snapshot(desk.connection, None)).rows
    for moment, name in told:
        [row] = (await read_snapshot_at(desk.connection, moment)).rows
        assert row.crypto_name == name


async def test_what_people_decide_moves_the_other_counter(desk: Desk, source: Scripted, url: str) -> None:
    source.name = "coingecko"
    await desk.post(source, body(record("a", "1"), record("b", "1")))
    await asyncio.to_thread(settle_identity, url)
    first = await read_versions(desk.connection)
    await desk.connection.execute("INSERT INTO verdicts (listing_id, other_id, same) VALUES (1, 2, false)")
    second = await read_versions(desk.connection)
    assert (second.data, second.activity) == (first.data, first.activity + 1)
    async with desk.connection.transaction():
        for note in "abc":
            await desk.connection.execute("UPDATE verdicts SET note = %s", (note,))
    assert (await read_versions(desk.connection)).activity == second.activity + 1, "once a transaction"


async def test_a_moment_is_the_last_load_known_at_it(desk: Desk, source: Scripted) -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    nothing = await last_moment(desk.connection, far)
    assert nothing.version == 0 and nothing.known_at < datetime(2001, 1, 1, tzinfo=UTC)
    for number in (1, 2):
        await desk.post(source, body(record("a", str(number))))
        at = await known_at(desk.connection)
        assert await last_moment(desk.connection, at) == await last_moment(desk.connection, far)
        just_before = await last_moment(desk.connection, at - timedelta(microseconds=1))
        assert just_before.version == number - 1


async def test_a_moment_does_not_change_once_it_was_told(desk: Desk, source: Scripted, url: str) -> None:
    other = await connect(url)
    for loads in range(2):
        async with desk.connection.transaction():
            await desk.post(source, body(record("a", str(loads))))
            told = await last_moment(other, await value(other, "SELECT clock_timestamp()"))
            assert told.version == loads
        assert await last_moment(other, told.known_at) == told
    await other.close()


async def test_the_text_of_a_row_has_every_digit(connection: Connection, desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1.10", supply="1e76", name='q"\\%s{')))
    [row] = (await read_snapshot(connection, None)).rows
    assert '"price_usd":1.10,' in row.body and '"circulating_supply":1' + "0" * 76 in row.body
    assert '"crypto_name":"q\\"\\\\%s{"' in row.body and '"rank":null' in row.body
