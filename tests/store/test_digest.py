"""The digest: what makes two ledgers differ, and what doesn't."""

import pytest

from kasparro.store.digest import digest
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

SEEN = {
    "listings": "UPDATE listings SET name = 'other' WHERE source_coin_id = 'a'",
    "listing_versions": "UPDATE listing_versions SET is_active = NOT is_active",
    "listing_addresses": "UPDATE listing_addresses SET address = '0x2'",
    "quotes": "UPDATE quotes SET version = version + 1",
    "latest_quotes": "UPDATE latest_quotes SET price_usd = price_usd + 1e-18",
    "payloads": "DELETE FROM payloads WHERE sha256 NOT IN (SELECT sha256 FROM loads)",
    "journal": "UPDATE loads SET parser = 'other'",
    "rejections": "UPDATE rejections SET resolved_load_id = load_id",
    "drift_events": "UPDATE drift_events SET required = NOT required",
    "checkpoints": "UPDATE checkpoints SET cursor = '{\"done\": [1, 2]}'",
}
UNSEEN = (
    "UPDATE ledger SET known_at = known_at + interval '1 day'",
    "UPDATE loads SET fetched_at = fetched_at + interval '1 day', about = '{}'",
    "UPDATE latest_quotes SET known_at = known_at + interval '1 day'",
    "UPDATE rejections SET times = times + 1",
    """UPDATE checkpoints SET updated_at = now(), loads = loads + 1, cursor = cursor || '{"sweep_at": "later"}'""",
    "INSERT INTO quota VALUES ('scripted', '2026-01-01', 5)",
    "UPDATE etl_runs SET host = 'elsewhere', status = 'failed'",
)


@pytest.fixture
async def told(desk: Desk, source: Scripted) -> Desk:
    """A ledger with something in every table."""
    records = [record("a", "1"), record("b", "x", bad="no"), record("c", "1", drift="new")]
    await desk.post(source, body(*records), checkpoint={"done": [1], "sweep_at": "then"})
    await desk.post(source, body({"coin": "a", "name": "A", "active": True, "addresses": [["eth", "0x1"]]}))
    await desk.connection.execute("INSERT INTO payloads VALUES (sha256('x'), 1, 'x')")
    return desk


@pytest.mark.parametrize("table", SEEN)
async def test_other_content_of_a_table_changes_that_table_s_digest_only(told: Desk, table: str) -> None:
    before = await digest(told.connection)
    assert all(entry["rows"] for entry in before.values())
    await told.connection.execute(SEEN[table].encode())
    after = await digest(told.connection)
    assert {name for name in after if after[name] != before[name]} == {table}


@pytest.mark.parametrize("change", UNSEEN)
async def test_our_own_clock_and_the_way_there_change_nothing(told: Desk, change: str) -> None:
    before = await digest(told.connection)
    assert (await told.connection.execute(change.encode())).rowcount
    assert await digest(told.connection) == before
