"""Rejections and drift: kept, counted, told once."""

import json

import pytest

from kasparro.market.drift import DriftKind
from kasparro.store.page import Counts
from kasparro.store.rejections import list_drift, list_rejections
from tests.ingest.looking import Desk, rows, value
from tests.ingest.scripted import Scripted, body, record


async def test_a_rejected_record_is_kept_with_its_reason_and_its_text(desk: Desk, source: Scripted) -> None:
    bad = record("a", "x", bad="'x' is not a number")
    assert await desk.post(source, body(record("b", "1"), bad)) == Counts(2, 1, 0, 1)
    [kept] = await list_rejections(desk.connection, source=None, include_resolved=False, limit=10)
    assert (kept.source, kept.stream, kept.ordinal, kept.times) == ("scripted", "pages", 1, 1)
    assert (kept.reason, kept.detail) == ("bad_number", "'x' is not a number")
    assert json.loads(kept.record) == bad


async def test_the_same_record_rejected_again_counts_up_instead_of_standing_twice(desk: Desk, source: Scripted) -> None:
    bad, other = record("a", "x", bad="no number"), record("a", "y", bad="no number")
    await desk.post(source, body(bad, bad, other))
    await desk.post(source, body(other, bad))
    kept = await rows(desk.connection, "SELECT record::json ->> 'price', times, load_id FROM rejections ORDER BY 1")
    assert kept == [("x", 3, 1), ("y", 2, 1)]
    assert await rows(desk.connection, "SELECT seen, rejected FROM loads ORDER BY load_id") == [(3, 3), (2, 2)]


async def test_a_record_rejected_for_two_reasons_in_turn_is_kept_for_both(desk: Desk, source: Scripted) -> None:
    ahead = record("a", "1", "2999-01-01T00:00:00Z")
    await desk.post(source, body(ahead))
    source.read = lambda sent: sent | {"bad": "no number"}
    await desk.post(source, body(ahead, ahead))
    kept = await rows(desk.connection, "SELECT reason, times FROM rejections ORDER BY 1")
    assert kept == [("bad_number", 2), ("future", 1)]


async def test_listing_rejections_leaves_out_other_sources_and_stops_at_the_limit(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(*(record("a", str(n), bad="no") for n in range(5))))
    await desk.post(Scripted(name="other"), body(record("a", "1", bad="no")))
    mine = await list_rejections(desk.connection, source="scripted", include_resolved=True, limit=3)
    assert [kept.source for kept in mine] == ["scripted"] * 3
    assert len(await list_rejections(desk.connection, source=None, include_resolved=True, limit=100)) == 6


@pytest.mark.parametrize("text", ["a\x00b", "lone \ud800", "tab\t and \\"])
async def test_a_record_with_any_text_can_be_rejected(desk: Desk, source: Scripted, text: str) -> None:
    assert (await desk.post(source, body(record(text, "1", bad=text)))).rejected == 1
    assert await value(desk.connection, "SELECT count(*) FROM rejections") == 1


async def test_drift_is_told_once(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1", drift="volume")))
    assert [change.field for change in desk.drift] == ["volume"]
    await desk.post(source, body(record("a", "2", drift="volume"), record("b", "2", drift="rank")))
    assert [change.field for change in desk.drift] == ["rank"]
    kept = await list_drift(desk.connection, limit=10)
    assert [(one.field, one.kind, one.required, one.load_id) for one in kept] == [
        ("rank", "new", False, 2),
        ("volume", "new", False, 1),
    ]


@pytest.mark.parametrize("field", ["a\x00b", "lone \udfff"])
async def test_a_field_with_a_name_that_text_cannot_hold_does_not_stop_its_page(
    desk: Desk, source: Scripted, field: str
) -> None:
    assert await desk.post(source, body(record("a", "1", drift=field))) == Counts(1, 1, 0, 0)
    assert len(await list_drift(desk.connection, limit=10)) == 1
    await desk.post(source, body(record("a", "2", drift=field)))
    assert desk.drift == []


async def test_a_refused_payload_is_kept_with_why_and_with_its_drift(desk: Desk, source: Scripted) -> None:
    assert await desk.post(source, body(record("a", "1"), {"refuse": True})) == Counts()
    refusal = await value(desk.connection, "SELECT refusal FROM loads")
    assert refusal == "the required field 'price' is missing. Reprocess later"
    assert [(change.field, change.kind, change.required) for change in desk.drift] == [
        ("price", DriftKind.MISSING, True)
    ]
    assert await value(desk.connection, "SELECT count(*) FROM payloads") == 1
    assert await value(desk.connection, "SELECT count(*) FROM checkpoints") == 0
