"""Receipts: from a quote to the bytes that it was read from; and the bytes themselves."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kasparro.store.payloads import PayloadDamaged, read_payload
from kasparro.store.receipts import get_receipt
from tests.ingest.looking import Desk, rows, value, versions
from tests.ingest.scripted import Scripted, body, record

PRICES = ("0.10", "1E-18", "1e76", "2.993e-05", "123456789.123456789123456789", None)


async def test_the_receipt_of_every_quote_leads_to_bytes_that_hold_its_very_price(desk: Desk, source: Scripted) -> None:
    for shift in range(3):
        records = [record(f"c{n}", price) for n, price in enumerate(PRICES[shift:] + PRICES[:shift])]
        await desk.post(source, body(record("bad", "1", bad="no"), *records))
    kept = await versions(desk.connection, "scripted")
    assert len(kept) == 3 * len(PRICES)
    for one in kept:
        receipt = await get_receipt(desk.connection, one.quote_id)
        assert receipt is not None
        content = await read_payload(desk.connection, bytes.fromhex(receipt.sha256))
        assert hashlib.sha256(content).hexdigest() == receipt.sha256
        assert len(content) == receipt.size
        found = json.loads(content.split(b",\n")[receipt.ordinal].strip(b"[]"))
        assert found["id"] == receipt.source_coin_id
        assert found["price"] == PRICES[(int(receipt.source_coin_id[1:]) + receipt.version - 1) % len(PRICES)]
        assert receipt.price_usd == (None if found["price"] is None else Decimal(found["price"]))


async def test_a_receipt_names_request_arrival_parser_and_run(desk: Desk, source: Scripted) -> None:
    arrived = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)
    source.context = lambda position: {"chain": "eth"}
    source.dataset = "file.csv"
    await desk.post(source, body(record("a", "1")), position=7, arrived=arrived)
    [kept] = await versions(desk.connection, "scripted")
    receipt = await get_receipt(desk.connection, kept.quote_id)
    assert receipt is not None
    assert (receipt.request["path"], receipt.request["position"]) == ("/pages", 7)
    assert receipt.request["context"] == {"chain": "eth"}
    assert (receipt.fetched_at, receipt.parser, receipt.kind) == (arrived, "scripted/1", "ingest")
    assert (receipt.dataset, receipt.stream, receipt.version, receipt.versions) == ("file.csv", "pages", 1, 1)
    assert receipt.run_id == await value(desk.connection, "SELECT run_id FROM etl_runs")
    assert receipt.known_at == await value(desk.connection, "SELECT known_at FROM loads")


async def test_an_unknown_quote_has_no_receipt(desk: Desk) -> None:
    assert await get_receipt(desk.connection, 2**62) is None


async def test_the_same_bytes_are_kept_once_and_every_arrival_is_journalled(desk: Desk, source: Scripted) -> None:
    for _ in range(3):
        await desk.post(source, body(record("a", "1")))
    assert await value(desk.connection, "SELECT count(*) FROM payloads") == 1
    assert await value(desk.connection, "SELECT count(*) FROM loads") == 3


@pytest.mark.parametrize("content", [b"[]", b"[ ]", b"[\n\n]", b"[" + b" " * 300_000 + b"]"])
async def test_payloads_come_back_byte_for_byte(desk: Desk, source: Scripted, content: bytes) -> None:
    await desk.post(source, content)
    assert await read_payload(desk.connection, hashlib.sha256(content).digest()) == content


@pytest.mark.parametrize(
    "damage",
    ["substr(body, 1, 20)", "''::bytea", "set_byte(body, 12, get_byte(body, 12) # 255)",
     "'not zstd'::bytea"],
)  # fmt: skip
async def test_damage_to_kept_bytes_is_told_and_never_passed_on(desk: Desk, source: Scripted, damage: str) -> None:
    content = body(*(record(f"c{n}", str(n)) for n in range(50)))
    await desk.post(source, content)
    await desk.connection.execute(f"UPDATE payloads SET body = {damage}".encode())
    digest = hashlib.sha256(content).digest()
    with pytest.raises(PayloadDamaged, match=digest.hex()):
        await read_payload(desk.connection, digest)


async def test_a_payload_that_is_gone_is_told(desk: Desk) -> None:
    with pytest.raises(PayloadDamaged, match="is missing"):
        await read_payload(desk.connection, bytes(32))


async def test_coins_get_a_version_when_their_list_says_something_else(desk: Desk, source: Scripted) -> None:
    first = {"coin": "a", "symbol": "A", "name": "Alpha", "active": True}
    assert (await desk.post(source, body(first, {"coin": "b", "name": "Beta"}))).new == 2
    assert (await desk.post(source, body(first, {"coin": "b", "name": "Beta"}), stream="again")).new == 0
    renamed = first | {"name": "Alpha Two"}
    assert (await desk.post(source, body(renamed))).new == 1
    assert (await desk.post(source, body(first))).new == 1
    told = await rows(
        desk.connection,
        """SELECT v.name, v.is_active, v.load_id FROM listing_versions v JOIN listings l USING (listing_id)
            WHERE source_coin_id = 'a' ORDER BY load_id""",
    )
    assert told == [("Alpha", True, 1), ("Alpha Two", True, 3), ("Alpha", True, 4)]
    assert await value(desk.connection, "SELECT name FROM listings WHERE source_coin_id = 'a'") == "Alpha"


async def test_a_coin_of_a_list_is_the_listing_of_its_quotes(desk: Desk, source: Scripted) -> None:
    await desk.post(source, body(record("a", "1")))
    await desk.post(source, body({"coin": "a", "symbol": "A", "name": "Alpha"}), stream="coins")
    assert await value(desk.connection, "SELECT count(*) FROM listings") == 1


async def test_addresses_are_added_once_and_need_no_names(desk: Desk, source: Scripted) -> None:
    one = {"coin": "a", "addresses": [["eth", "0x1"], ["bsc", "0x2"]]}
    assert (await desk.post(source, body(one))).new == 1
    assert (await desk.post(source, body(one, {"coin": "a", "addresses": [["eth", "0x3"]]}))).new == 1
    assert await value(desk.connection, "SELECT count(*) FROM listing_versions") == 0
    kept = await rows(desk.connection, "SELECT chain, address, load_id FROM listing_addresses ORDER BY address")
    assert kept == [("eth", "0x1", 1), ("bsc", "0x2", 1), ("eth", "0x3", 2)]
