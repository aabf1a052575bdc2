"""Traces, as a collector gets them."""

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from kasparro.observability.traces import current_trace, span
from tests.api.serving import served
from tests.ingest.commands import Commands, simulated_market, until
from tests.observability.collecting import Collector, Seen, collecting

KEY = "a-key-that-is-long-enough-for-tests"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    with simulated_market(tmp_path_factory.mktemp("market"), coingecko=500, coinpaprika=100) as market:
        yield market


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def test_one_trace_leads_from_the_question_to_the_last_page(
    market: Commands, url: str, tmp_path: Path, collector: Collector
) -> None:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    with served(tmp_path, url, workers=1, API_ADMIN_KEY=KEY, **traced) as address:
        asked = httpx2.post(
            f"{address}/etl/run",
            headers={"authorization": f"Bearer {KEY}", "traceparent": f"00-{TRACE}-{CALLER}-01"},
        )
        number = asked.json()["run_id"]
        with market.having(DATABASE_URL=url, ETL_SCHEDULE="off", **traced).start("worker") as worker:
            until(lambda: httpx2.get(f"{address}/runs/{number}").json()["ended_at"], pause=0.05)
            worker.terminate()
            worker.communicate()

    spans = [one for one in collector.spans if one.trace == TRACE]
    paths = Counter(path_of(one, spans) for one in spans)
    assert {path: paths[path] for path in paths if "step" not in path} == {
        "POST /etl/run": 1, "POST /etl/run > run": 1, "POST /etl/run > run > settle": 1,
    }  # fmt: skip
    step = "POST /etl/run > run > step"
    assert paths[step] == 3
    # Each request that the sandbox got, and for each payload, the file's pages among them, one parse and one load.
    assert paths[f"{step} > GET"] >= 3
    assert paths[f"{step} > parse"] == paths[f"{step} > load"] > paths[f"{step} > GET"]
    assert sum(paths.values()) == len(spans)
    [first] = [one for one in spans if one.kind == "server"]
    assert (first.parent, first.about["http.response.status_code"]) == (CALLER, 202)
    assert {one.about["http.response.status_code"] for one in spans if one.kind == "client"} == {200}
    assert {one.service for one in spans} == {"kasparro"}
    assert not any(one.failed for one in spans)


def test_each_request_is_a_span_whether_kept_or_not_but_not_of_who_watches(
    url: str, tmp_path: Path, collector: Collector
) -> None:
    with served(tmp_path, url, workers=1, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as address:
        for path in ("/data?limit=5", "/data?limit=5", "/data/nothing", "/livez", "/health", "/nowhere"):
            httpx2.get(address + path)
        httpx2.request("PUT", f"{address}/data")

    told = [(one.name, one.about["http.response.status_code"]) for one in collector.spans]
    assert told == [
        ("GET /data", 200), ("GET /data", 200), ("GET /data/{crypto_id}", 404), ("GET", 404), ("PUT /data", 405),
    ]  # fmt: skip
    assert len({one.trace for one in collector.spans}) == 5


def test_nothing_secret_is_told(market: Commands, url: str, collector: Collector) -> None:
    # The provider is away, and its error names its address.
    commands = market.having(
        DATABASE_URL=url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, ETL_TIME_BUDGET=1,
        COINGECKO_BASE_URL="http://127.0.0.1:9/api/v3", COINGECKO_API_KEY="CG-of-my-own",
    )  # fmt: skip

    code, _, _ = commands.run("ingest", "--source", "coingecko")

    assert code == 7
    told = str(collector.spans)
    assert "CG-of-my-own" not in told
    assert "postgresql://" not in told
    failed = [one for one in collector.spans if one.failed]
    assert {one.name for one in failed} == {"GET", "step"}
    assert [one.about["kasparro.status"] for one in collector.spans if one.name == "run"] == ["failed"]


def test_a_collector_that_never_answers_keeps_nobody_from_ending(market: Commands, url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        report = market.having(DATABASE_URL=url, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint).json("ingest")

    assert report["status"] == "success"


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys, kasparro.api.app, kasparro.worker, kasparro.cli.main\n"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))]"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_a_collector_spans_are_nothing() -> None:
    with span("anything", about={"a": 1}) as seen:
        seen.rename("something")
        seen.note("b", 2)
        seen.fail("c")
        assert current_trace() is None


def test_without_the_packages_it_says_so_and_goes_on(market: Commands, url: str, tmp_path: Path) -> None:
    # A folder before all others, in which there is an `opentelemetry` without anything.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").write_text("")
    commands = market.having(
        DATABASE_URL=url, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", PYTHONPATH=tmp_path, LOG_LEVEL="WARNING"
    )

    code, _, err = commands.run("ingest", "--source", "csv")

    assert code == 0
    assert err.count("traces_not_sent") == 1


def path_of(one: Seen, spans: list[Seen]) -> str:
    """The names on the way from a trace's first span to this one."""
    above = [other for other in spans if other.span == one.parent]
    return f"{path_of(above[0], spans)} > {one.name}" if above else one.name
