"""`/metrics`: by route template, and the data's state as the database says."""

import time

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kasparro.api import monitoring
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record, unavailable


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Each answer's text is made for it, but where its being kept is tested."""
    if "kept" not in request.node.name:
        monkeypatch.setattr(monitoring, "KEPT_S", 0.0)


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """(name, labels) -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def _read(api: httpx2.AsyncClient) -> Samples:
    answer = await api.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    return samples(answer.text)


def _requests(found: Samples, method: str, route: str, status: str) -> float:
    labels = (("method", method), ("route", route), ("status", status))
    return found.get(("kasparro_http_requests_total", labels), 0.0)


async def test_requests_are_counted_by_template_and_never_by_path(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("secret-coin", "1")))
    before = await _read(api)
    asked = ["/data/secret-coin", "/data/secret-coin", "/data/no-such-1", "/nope/secret", "/data?limit=0",
             "/quotes/1048576/receipt"]  # fmt: skip
    for path in asked:
        await api.get(path)
    await api.head("/data/secret-coin")
    await api.request("BREW", "/data")
    after = await _read(api)

    def more(method: str, route: str, status: str) -> float:
        return _requests(after, method, route, status) - _requests(before, method, route, status)

    assert more("GET", "/data/{crypto_id}", "200") == 2 and more("GET", "/data/{crypto_id}", "404") == 1
    assert more("HEAD", "/data/{crypto_id}", "200") == 1
    assert more("GET", "/data", "422") == 1 and more("GET", "(none)", "404") == 1
    assert more("GET", "/quotes/{quote_id}/receipt", "200") == 1
    assert more("OTHER", "/data", "405") == 1
    assert not any("secret" in repr(key) or "no-such" in repr(key) for key in after)
    taken = (("method", "GET"), ("route", "/data/{crypto_id}"))
    counted = ("kasparro_http_request_duration_seconds_count", taken)
    assert after[counted] - before.get(counted, 0.0) == 3


async def test_what_is_told_of_the_data_is_what_the_database_says(
    api: httpx2.AsyncClient, desk: Desk, url: str
) -> None:
    good = Scripted(body(record("a", "1"), record("b", "1"), record("c", "1", bad="x")), name="coingecko")
    await run_ingest(url, [good, Scripted(unavailable(), name="csv")], progress=Quiet())
    found = await _read(api)
    gecko = (("source", "coingecko"),)
    assert found["kasparro_source_quotes", gecko] == await value(desk.connection, "SELECT count(*) FROM quotes")
    assert found["kasparro_source_records", gecko] == 3
    assert found["kasparro_source_listings", gecko] == 2
    assert found["kasparro_source_rejections_open", gecko] == 1
    ended = await value(desk.connection, "SELECT ended_at FROM etl_steps WHERE status = 'success'")
    assert abs(found["kasparro_source_last_success_timestamp_seconds", gecko] - ended.timestamp()) < 0.001
    assert 0 <= found["kasparro_source_lag_seconds", gecko] < 60
    assert ("kasparro_source_last_success_timestamp_seconds", (("source", "csv"),)) not in found
    assert found["kasparro_runs", (("status", "partial"),)] == 1
    assert found["kasparro_database_up", ()] == 1


async def test_what_is_told_of_the_data_stands_there_once_however_often_it_was_asked_for(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1")))
    for _ in range(3):
        text = (await api.get("/metrics")).text
        await desk.post(gecko, body(record("b", "2")))

    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names))
    assert "pid=" not in text


async def test_the_text_is_kept_for_a_second(api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await api.get("/metrics")
    assert (await api.get("/metrics")).text == first.text, "though it has been asked for once more"
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 1)
    assert (await api.get("/metrics")).text != first.text
