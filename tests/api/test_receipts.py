"""`GET /quotes/{id}/receipt`: from a row of `/data` down to the bytes it was read from."""

import base64
import hashlib
from pathlib import Path

import httpx2

from tests.api.serving import exactly
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record


async def test_a_quote_leads_to_its_bytes(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    content = body(record("a", "1"), record("b", "0.10000000000000000000000000000000001", name="<b>B</b>"))
    await desk.post(gecko, content, position=3)
    row = (await api.get("/data/b")).json()
    answer = await api.get(f"/quotes/{row['id']}/receipt")
    assert answer.status_code == 200
    receipt = exactly(answer.text)
    assert receipt["price_usd"] == "0.10000000000000000000000000000000001"
    assert (receipt["source"], receipt["source_coin_id"], receipt["ordinal"]) == ("coingecko", "b", "1")
    assert (receipt["parser"], receipt["stream"], receipt["kind"]) == ("coingecko/1", "pages", "ingest")
    assert receipt["request"] == {"stream": "pages", "path": "/pages", "params": {}, "position": "3"}
    assert receipt["sha256"] == hashlib.sha256(content).hexdigest() and receipt["size"] == str(len(content))
    assert receipt["known_at"] == row["created_at"] and receipt["known_at"].endswith("Z")
    payload = await api.get(receipt["payload"])
    assert payload.content == content
    assert payload.headers["content-type"] == "application/octet-stream"
    assert payload.headers["content-disposition"].startswith("attachment;")
    assert payload.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in payload.headers["content-security-policy"] or "'none'" in payload.headers[
        "content-security-policy"
    ]  # fmt: skip
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert payload.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert payload.headers["cache-control"] == "private, no-cache", "its number may be another's in a restored ledger"
    etag = payload.headers["etag"]
    assert etag == f'"{receipt["sha256"]}"'
    unchanged = await api.get(receipt["payload"], headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
    assert (await api.get(receipt["payload"], headers={"if-none-match": '"other"'})).status_code == 200


async def test_each_version_has_its_own_receipt(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    ids = []
    for price in ("1", "2"):
        await desk.post(gecko, body(record("a", price)))
        ids.append((await api.get("/data/a")).json()["id"])
    told = [(await api.get(f"/quotes/{one}/receipt")).json() for one in ids]
    assert [(one["price_usd"], one["version"], one["versions"]) for one in told] == [(1, 1, 2), (2, 2, 2)]


async def test_an_unknown_quote_is_a_404(api: httpx2.AsyncClient) -> None:
    for asked in ("1", str(2**63 - 1), "1048577"):
        for end in ("", "/payload"):
            answer = await api.get(f"/quotes/{asked}/receipt{end}")
            assert answer.status_code == 404 and asked in answer.json()["detail"]
    for asked in ("0", "-1", "x", str(2**63), "1.5"):
        assert (await api.get(f"/quotes/{asked}/receipt")).status_code == 422


async def test_damaged_bytes_are_never_sent(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1")))
    row = (await api.get("/data/a")).json()
    await desk.connection.execute("UPDATE payloads SET body = 'damaged'")
    answer = await api.get(f"/quotes/{row['id']}/receipt/payload")
    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert "damaged" in answer.json()["detail"] and "bug" not in answer.json()["detail"]


async def test_bytes_whose_file_is_gone_are_not_called_damaged(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, tmp_path: Path
) -> None:
    await desk.post(gecko, body(record("a", "1")))
    row = (await api.get("/data/a")).json()
    await desk.connection.execute("UPDATE payloads SET body = NULL, moved_to = %s", (str(tmp_path),))
    answer = await api.get(f"/quotes/{row['id']}/receipt/payload")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    detail = answer.json()["detail"]
    assert "kasparro retention --check" in detail and "damaged" not in detail and str(tmp_path) not in detail
