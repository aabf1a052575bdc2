"""Two APIs and two workers behind one address behave as one."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest

from tests.containers.stack import Stack

BEHIND = ("api2", "api3", "worker", "worker2")


@pytest.fixture(scope="module")
def scaled(stack: Stack) -> Stack:
    """The installation, grown."""
    stack.profiles = ("sandbox", "scaled")
    stack.up(*BEHIND, "balancer", "sandbox")
    stack.wait_for(f"http://127.0.0.1:{stack.balanced}/livez")
    return stack


def test_both_apis_answer_and_tell_the_same(scaled: Stack) -> None:
    told = Counter(
        (answer.status_code, answer.json()["total"])
        for answer in (scaled.ask("/data?limit=1", scaled.balanced) for _ in range(20))
    )

    assert len(told) == 1
    for service in ("api2", "api3"):
        metrics = scaled.compose(
            "exec", "-T", service, "/opt/kasparro/bin/python", "-c",
            "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/metrics').read().decode())",
        )  # fmt: skip
        assert 'kasparro_http_requests_total{method="GET",route="/data",status="200"} 10.0' in metrics


def test_no_two_runs_overlap_whoever_works_on_them(scaled: Stack) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            codes = Counter(answer.status_code for answer in pool.map(scaled.start_run, [scaled.balanced] * 8))
            assert set(codes) <= {202, 409}
            assert codes[202]
            scaled.wait_until_idle()

    assert scaled.sql(
        "SELECT a.run_id, b.run_id, source FROM etl_steps a JOIN etl_steps b USING (source) WHERE a.run_id < b.run_id "
        "AND tstzrange(a.started_at, a.ended_at) && tstzrange(b.started_at, b.ended_at)"
    ) == []  # fmt: skip


def test_a_rolling_restart_drops_no_request(scaled: Stack) -> None:
    with asking(scaled) as told:
        for service in BEHIND:
            scaled.compose("up", "-d", "--no-deps", "--force-recreate", service)
            scaled.wait_healthy(service)
            time.sleep(2)

    print(f"{sum(told.values())} requests: {dict(told)}")
    assert set(told) == {"200"}
    assert told["200"] > 200


def test_an_api_that_crashes_is_not_noticed_by_who_reads(scaled: Stack) -> None:
    with asking(scaled) as told:
        time.sleep(1)
        scaled.main_process_dies("api2")
        scaled.wait_healthy("api2")
        time.sleep(2)

    assert set(told) == {"200"}


def test_the_rate_limit_counts_what_both_answer(scaled: Stack) -> None:
    scaled.environment["API_RATE_LIMIT"] = "30/hour"
    scaled.up(*BEHIND)
    scaled.kasparro("db", "shell", "-c", "DELETE FROM rate_windows")
    time.sleep(2)

    told = Counter(scaled.ask("/data?limit=1", scaled.balanced).status_code for _ in range(50))

    assert told == {200: 30, 429: 20}


def test_nobody_gets_more_by_claiming_to_be_another(scaled: Stack) -> None:
    for claimed in ("192.0.2.1", "10.203.17.2"):
        asked = httpx2.get(f"http://127.0.0.1:{scaled.balanced}/data", headers={"X-Forwarded-For": claimed})
        assert asked.status_code == 429


@contextmanager
def asking(stack: Stack) -> Iterator[Counter[str]]:
    """Ask through the balancer all the time, on kept connections and new ones; what was told, counted."""
    told: Counter[str] = Counter()
    over = threading.Event()

    def ask(kept: bool) -> None:
        client = httpx2.Client(timeout=15)
        number = 0
        while not over.is_set():
            number += 1
            try:
                answer = client.get(f"http://127.0.0.1:{stack.balanced}/data?limit=5&offset={number % 500}")
                told[str(answer.status_code)] += 1
            except httpx2.HTTPError as error:
                told[repr(error)] += 1
            if not kept:
                client.close()
                client = httpx2.Client(timeout=15)
            time.sleep(0.05)
        client.close()

    threads = [threading.Thread(target=ask, args=(kept,)) for kept in (True, True, False, False)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()
