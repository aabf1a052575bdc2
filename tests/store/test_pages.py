"""The page transaction: observations in, versions and balances out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from kasparro.store.digest import digest
from kasparro.store.page import Counts
from tests.ingest.looking import Desk, latest, rows, state, value, versions
from tests.ingest.scripted import Scripted, body, record

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = "2026-03-01T11:00:00Z"

EXACT = ("1E-18", "2.993e-05", "1e76", "0.1234567890123456789012345678901234567890", "99000000000000.5", "1.10",
         "-0.000000000000000000000000000001", "12345678901234567890123456789012345678901234567890")  # fmt: skip


async def test_an_empty_ledger_has_a_digest_for_each_table(desk: Desk) -> None:
    found = await digest(desk.connection)
    assert {entry["rows"] for entry in found.values()} == {0}


async def test_numbers_come_out_to_the_last_digit_as_they_went_in(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(*(record(f"c{n}", text, supply=text) for n, text in enumerate(EXACT))))
    kept = dict(await rows(desk.connection, "SELECT source_coin_id, price_usd::text FROM latest_quotes"))
    supplies = dict(await rows(desk.connection, "SELECT source_coin_id, circulating_supply FROM latest_quotes"))
    for n, text in enumerate(EXACT):
        assert kept[f"c{n}"] == f"{Decimal(text):f}"
        assert supplies[f"c{n}"] == Decimal(text)


async def test_a_null_price_is_an_observation(desk: Desk, source: Scripted) -> None:
    assert await desk.post(source, body(record("a", None))) == Counts(1, 1, 0, 0)
    assert [one.price for one in await versions(desk.connection, "scripted")] == [None]
    assert await desk.post(source, body(record("a", None))) == Counts(1, 0, 1, 0)
    assert await desk.post(source, body(record("a", "0"))) == Counts(1, 1, 0, 0)


async def test_other_numbers_for_the_same_moment_add_a_version_beside_the_old(desk: Desk, source: Scripted) -> None:
    for price in ("1", "2", "1"):
        await desk.post(source, body(record("a", price)))
    kept = await versions(desk.connection, "scripted")
    assert [(one.version, one.price) for one in kept] == [(1, Decimal(1)), (2, Decimal(2)), (3, Decimal(1))]
    assert list((await latest(desk.connection, "scripted")).values()) == [(kept[0].key[2], Decimal(1))]


@pytest.mark.parametrize("field", ["rank", "supply"])
async def test_a_correction_of_any_number_is_a_version(desk: Desk, source: Scripted, field: str) -> None:
    one, other = (1, 2) if field == "rank" else ("1", "2")
    await desk.post(source, body(record("a", "1") | {field: one}))
    assert (await desk.post(source, body(record("a", "1") | {field: other}))).new == 1
    assert (await desk.post(source, body(record("a", "1")))).new == 1


async def test_the_same_numbers_again_are_unchanged_however_they_are_written(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "100"), record("b", "2.50")))
    again = await desk.post(source, body(record("a", "1E2"), record("b", "2.5")))
    assert again == Counts(2, 0, 2, 0)
    assert await value(desk.connection, "SELECT count(*) FROM quotes") == 2


async def test_a_record_that_stands_twice_in_a_page_is_unchanged_the_second_time(desk: Desk, source: Scripted) -> None:
    assert await desk.post(source, body(record("a", "1"), record("a", "1"))) == Counts(2, 1, 1, 0)


async def test_a_page_that_contradicts_itself_gives_versions_in_its_order(desk: Desk, source: Scripted) -> None:
    counts = await desk.post(source, body(*(record("a", price) for price in ("1", "2", "2", "1"))))
    assert counts == Counts(4, 3, 1, 0)
    assert [one.price for one in await versions(desk.connection, "scripted")] == [1, 2, 1]
    assert [one.quote_id & 1048575 for one in await versions(desk.connection, "scripted")] == [0, 1, 3]


async def test_an_older_observation_is_kept_and_does_not_replace_the_newest(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "2", NOON.isoformat())))
    assert (await desk.post(source, body(record("a", "1", EARLIER)))).new == 1
    assert await latest(desk.connection, "scripted") == {("", "a"): (NOON, Decimal(2))}
    assert len(await state(desk.connection, "scripted")) == 2


async def test_the_newest_observation_of_one_page_is_shown_whatever_its_place(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "2", NOON.isoformat()), record("a", "1", EARLIER)))
    assert await latest(desk.connection, "scripted") == {("", "a"): (NOON, Decimal(2))}


async def test_two_datasets_with_the_same_coin_do_not_correct_each_other(desk: Desk, source: Scripted) -> None:
    for source.dataset, price in (("one", "1"), ("two", "2")):
        await desk.post(source, body(record("a", price)))
    assert [(one.key[0], one.version, one.price) for one in await versions(desk.connection, "scripted")] == [
        ("one", 1, Decimal(1)),
        ("two", 1, Decimal(2)),
    ]


@pytest.mark.parametrize(
    "name", ["null", "NULL", "\\N", 'a"b', "a,b", "a\tb\\t", "a\nb\rc", "\\", "]\n[", "ä€😀", " a "]
)
async def test_texts_come_out_as_they_went_in(desk: Desk, source: Scripted, name: str) -> None:
    await desk.post(source, body(record(name, "1", name=name, symbol=name), {"coin": name, "name": name}))
    kept = await rows(desk.connection, "SELECT source_coin_id, symbol, name FROM latest_quotes")
    assert kept == [(name, name, name)]
    assert await value(desk.connection, "SELECT name FROM listing_versions") == name


async def test_thousands_of_records_in_one_page_are_all_kept(desk: Desk, source: Scripted) -> None:
    records = [record(f"c{n}", str(n)) for n in range(6_000)]
    assert await desk.post(source, body(*records)) == Counts(6_000, 6_000, 0, 0)
    assert await desk.post(source, body(*records, record("c0", "7"), record("new", "1"))) == Counts(6_002, 2, 6_000, 0)
    found = await latest(desk.connection, "scripted")
    assert len(found) == 6_001
    assert [found["", coin][1] for coin in ("c0", "c5999", "new")] == [7, 5999, 1]


async def test_load_numbers_have_no_gaps_though_pages_were_rolled_back(desk: Desk, source: Scripted) -> None:
    for price in ("1", "2"):
        await desk.post(source, body(record("a", price)))
        with pytest.raises(psycopg.errors.NotNullViolation):
            await desk.post(source, body(record("b", "1")), stream=None)  # type: ignore[arg-type]
    assert [row[0] for row in await rows(desk.connection, "SELECT load_id FROM loads ORDER BY 1")] == [1, 2]
    assert await value(desk.connection, "SELECT version FROM ledger") == 2
    assert await value(desk.connection, "SELECT count(*) FROM quotes") == 2
    assert await value(desk.connection, "SELECT count(*) FROM payloads") == 2


async def test_pages_become_known_in_the_order_of_their_numbers(desk: Desk, source: Scripted) -> None:
    for price in "123":
        await desk.post(source, body(record("a", price)))
    known = [row[0] for row in await rows(desk.connection, "SELECT known_at FROM loads ORDER BY load_id")]
    assert known == sorted(set(known))


async def test_a_clock_that_was_set_back_does_not_disturb_that_order(desk: Desk, source: Scripted) -> None:
    await desk.connection.execute("UPDATE ledger SET known_at = '2999-01-01 00:00:00+00'")
    for price in "123":
        await desk.post(source, body(record("a", price)))
    known = [row[0] for row in await rows(desk.connection, "SELECT known_at FROM loads ORDER BY load_id")]
    assert known == sorted(set(known))
    assert known[0].year == 2999


async def test_the_database_itself_refuses_a_load_that_does_not_balance(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1")))
    columns = """step_id, source, stream, kind, parser, sha256, request, about, fetched_at, simulated"""
    for seen, new, unchanged, rejected in ((2, 1, 0, 0), (0, 1, -1, 0)):
        with pytest.raises(psycopg.errors.CheckViolation):
            await desk.connection.execute(
                f"""INSERT INTO loads (load_id, known_at, {columns}, seen, new, unchanged, rejected)
                    SELECT 9, now(), {columns}, %s, %s, %s, %s FROM loads""".encode(),
                (seen, new, unchanged, rejected),
            )


async def test_every_load_and_every_checkpoint_balances(desk: Desk, source: Scripted) -> None:
    pages = [body(record("a", "1"), record("b", "x", bad="no number")), body(record("a", "1")), body()]
    for page in pages:
        await desk.post(source, page, checkpoint={"done": [1]})
    loads = await rows(desk.connection, "SELECT seen, new, unchanged, rejected FROM loads ORDER BY load_id")
    assert loads == [(2, 1, 0, 1), (1, 0, 1, 0), (0, 0, 0, 0)]
    totals = await rows(desk.connection, "SELECT loads, seen, new, unchanged, rejected FROM checkpoints")
    assert totals == [(3, 3, 1, 1, 1)]


async def test_quotes_dated_too_far_ahead_are_rejected_each_for_itself(desk: Desk, source: Scripted) -> None:
    just, ahead = NOON + timedelta(minutes=10), NOON + timedelta(minutes=10, seconds=1)
    page = body(record("a", "1", just.isoformat()), *(record(c, "1", ahead.isoformat()) for c in "bc"))
    assert await desk.post(source, page, arrived=NOON) == Counts(3, 1, 0, 2)
    kept = await rows(desk.connection, "SELECT reason, ordinal, times FROM rejections ORDER BY ordinal")
    assert kept == [("future", 1, 1), ("future", 2, 1)]
