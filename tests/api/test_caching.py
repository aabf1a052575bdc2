"""Kept answers: the same as fresh ones, told apart by their ETag, compressed where that is wanted."""

import gzip
import zlib

import httpx2
import pytest

from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record


@pytest.fixture
async def filled(desk: Desk, gecko: Scripted) -> None:
    """A ledger with thirty quotes."""
    await desk.post(gecko, body(*(record(f"c{n}", str(n), name="Ünï" * n) for n in range(30))))


def _told(answer: httpx2.Response) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name not in ("request_id", "api_latency_ms")}


@pytest.mark.usefixtures("filled")
async def test_a_kept_answer_is_the_fresh_one_with_its_own_id_and_time(api: httpx2.AsyncClient) -> None:
    first, second = await api.get("/data"), await api.get("/data")
    assert _told(first) == _told(second)
    assert first.headers["etag"] == second.headers["etag"]
    assert first.json()["request_id"] != second.json()["request_id"]
    for name in ("link", "cache-control", "vary", "content-type"):
        assert first.headers[name] == second.headers[name]


@pytest.mark.usefixtures("filled")
async def test_an_etag_spares_what_hasn_t_changed(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    for path in ("/data", "/data/c1", "/data/c1/history", "/stats", "/runs", "/rejections", "/drift"):
        etag = (await api.get(path)).headers["etag"]
        for given in (etag, f'"other", {etag}', "*", etag.removeprefix("W/"), f"{etag},"):
            for method in ("GET", "HEAD"):
                answer = await api.request(method, path, headers={"if-none-match": given})
                assert (answer.status_code, answer.content) == (304, b""), (path, given)
                assert answer.headers["etag"] == etag and answer.headers["cache-control"] == "no-cache"
                assert "vary" in answer.headers and "content-length" not in answer.headers
        assert (await api.get(path, headers={"if-none-match": '"other"'})).status_code == 200
    etag = (await api.get("/data")).headers["etag"]
    await desk.post(gecko, body(record("c1", "99")))
    answer = await api.get("/data", headers={"if-none-match": etag})
    assert answer.status_code == 200 and answer.json()["data"][0]["price_usd"] == 99
    assert answer.headers["etag"] != etag


@pytest.mark.usefixtures("filled")
async def test_a_kept_answer_is_not_taken_for_another_form_or_question(api: httpx2.AsyncClient) -> None:
    for path in ("/data", "/data?limit=5", "/data"):
        assert (await api.get(path)).headers["content-type"] == "application/json"
        other = await api.get(path, headers={"accept": "text/csv"})
        assert other.headers["content-type"].startswith("text/csv")
        assert "accept" in other.headers["vary"]
    assert "accept," in (await api.get("/data")).headers["vary"]
    assert (await api.get("/data?limit=5")).json()["page_size"] == 5
    assert (await api.get("/data?q=C1&limit=5")).json()["total"] < 30


@pytest.mark.usefixtures("filled")
async def test_a_compressed_answer_is_one_whole_gzip_member(api: httpx2.AsyncClient) -> None:
    for path in ("/data?limit=100", "/data?limit=100", "/openapi.json", "/data.csv", "/data.ndjson"):
        async with api.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
            headers = answer.headers
        assert headers["content-encoding"] == "gzip" and "accept-encoding" in headers["vary"]
        assert "content-length" not in headers or int(headers["content-length"]) == len(raw)
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(raw)
        assert unpacker.eof and unpacker.unused_data == b"" and unpacker.unconsumed_tail == b""
        assert text == gzip.decompress(raw)
        plain = await api.get(path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        if path.startswith("/data?"):
            assert plain.headers["etag"] == headers["etag"] and len(raw) < len(text) / 2
            assert plain.text.startswith(text.decode()[:1000])


@pytest.mark.usefixtures("filled")
async def test_compression_is_for_those_who_accept_it(api: httpx2.AsyncClient) -> None:
    accepts = {"gzip": True, "br, gzip;q=0.5": True, "*": True, "GZIP": True, "gzip;q=1.000": True, "*;q=0, gzip": True,
               "": False, "identity": False, "br": False, "gzip;q=0": False, "gzip; q=0.000": False, "*;q=0": False,
               "gzip;q=0, *": False}  # fmt: skip
    for given, accepted in accepts.items():
        for path in ("/data", "/data.csv"):
            async with api.stream("GET", path, headers={"accept-encoding": given}) as answer:
                assert (answer.headers.get("content-encoding") == "gzip") == accepted, given


@pytest.mark.usefixtures("filled")
async def test_every_change_shows_at_once(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    for n in range(30, 50):
        await desk.post(gecko, body(record(f"c{n}", "1")), checkpoint={})
        assert (await api.get("/data")).json()["total"] == n + 1
        assert (await api.get("/stats")).json()["total_cleaned_records"] == n - 29
        assert (await api.get(f"/data/c{n}")).status_code == 200


async def test_a_restored_older_ledger_is_shown_as_it_is(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    for n in range(3):
        await desk.post(gecko, body(record(f"c{n}", "1")))
    assert (await api.get("/data")).json()["total"] == 3
    await desk.connection.execute(
        "UPDATE ledger SET version = 1; DELETE FROM latest_quotes WHERE quote_id >= 2 << 20"
    )  # fmt: skip
    assert (await api.get("/data?limit=7")).json()["total"] == 1
