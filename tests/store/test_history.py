"""The history of one listing: bounded, paged, and as it was known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kasparro.store.connection import Connection
from kasparro.store.history import Past, read_history
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record

_START = datetime(2026, 3, 1, tzinfo=UTC)
_ASKED: dict[str, Any] = {"start": None, "end": None, "version": None, "order": "asc", "beyond": None, "limit": 100}


async def _read(connection: Connection, **asked: Any) -> list[Past]:
    listing: int = await value(connection, "SELECT listing_id FROM listings WHERE source_coin_id = 'a'")
    return await read_history(connection, listing, **(_ASKED | asked))


def _hours(found: list[Past]) -> list[int]:
    return [(past.observed_at - _START) // timedelta(hours=1) for past in found]


async def _fill(desk: Desk, source: Scripted) -> None:
    for hour in (3, 1, 0, 2, 4):
        at = (_START + timedelta(hours=hour)).isoformat()
        await desk.post(source, body(record("a", str(hour), at=at), record("b", "9", at=at)))


async def test_bounds_are_included_and_order_holds(desk: Desk, source: Scripted) -> None:
    await _fill(desk, source)
    connection = desk.connection
    one, three = _START + timedelta(hours=1), _START + timedelta(hours=3)
    assert _hours(await _read(connection)) == [0, 1, 2, 3, 4]
    assert _hours(await _read(connection, order="desc")) == [4, 3, 2, 1, 0]
    assert _hours(await _read(connection, start=one, end=three)) == [1, 2, 3]
    assert _hours(await _read(connection, start=three, end=one)) == []
    assert _hours(await _read(connection, beyond=one, limit=2)) == [2, 3]
    assert _hours(await _read(connection, beyond=three, order="desc", limit=2)) == [2, 1]
    assert _hours(await _read(connection, version=2)) == [1, 3], "only what the first two loads brought"
    assert await _read(connection, version=0) == []


async def test_the_last_version_counts_up_to_the_load_asked_for(desk: Desk, source: Scripted) -> None:
    for price in ("1", "2", "3"):
        await desk.post(source, body(record("a", price)))
    for version, known in ((1, 1), (2, 2), (3, 3), (None, 3)):
        [past] = await _read(desk.connection, version=version)
        assert msgspec.json.decode(past.body + "}")["price_usd"] == known


async def test_retracted_quotes_are_left_out_and_don_t_count_for_the_limit(desk: Desk, source: Scripted) -> None:
    await _fill(desk, source)
    await desk.connection.execute("UPDATE quotes SET retracted = true WHERE price_usd IN (1, 2)")
    assert _hours(await _read(desk.connection, limit=3)) == [0, 3, 4]
