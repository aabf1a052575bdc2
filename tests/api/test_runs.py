"""`/runs`: history, one run, and two side by side."""

from typing import Any

import httpx2
import pytest

from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from tests.api.test_pages import following
from tests.ingest.scripted import Answer, Scripted, body, record, unavailable


async def _run(url: str, *answers: Answer, name: str = "coingecko") -> None:
    await run_ingest(url, [Scripted(*answers, name=name)], progress=Quiet())


@pytest.fixture
async def runs(url: str) -> list[int]:
    """Three runs: one that went well, one that failed in part, one of another source."""
    await _run(url, body(*(record(f"c{n}", "1") for n in range(10))))
    failed = unavailable("could not read /var/lib/kasparro/secret/file.csv of ~/data/other.csv")
    await _run(url, body(record("c1", "2"), record("c2", "1", bad="not a number")), failed)
    await _run(url, body(record("d", "1")), name="coinpaprika")
    return [1, 2, 3]


async def test_runs_are_listed_newest_first(api: httpx2.AsyncClient, runs: list[int]) -> None:
    found = (await api.get("/runs")).json()
    assert [run["run_id"] for run in found["data"]] == runs[::-1]
    assert found["next_cursor"] is None and "request_id" in found
    [paprika, failed, well] = found["data"]
    assert (well["status"], failed["status"], paprika["status"]) == ("success", "failed", "success")
    assert well["sources"] == ["coingecko"] and well["asked_by"] == "command" and well["kind"] == "ingest"
    [step] = failed["steps"]
    assert (step["seen"], step["new"], step["unchanged"], step["rejected"]) == (2, 1, 0, 1)
    assert well["duration_seconds"] > 0 and well["ended_at"].endswith("Z")


async def test_runs_are_filtered_and_paged(api: httpx2.AsyncClient, runs: list[int]) -> None:
    async def asked(query: str) -> list[int]:
        return [run["run_id"] for run in (await api.get(f"/runs?{query}")).json()["data"]]

    assert await asked("status=failed") == [2]
    assert await asked("source=coinpaprika") == [3]
    assert await asked("source=CoinPaprika") == [3]
    assert await asked("source=csv") == []
    first = await api.get("/runs?limit=2")
    target = following(first)
    assert target is not None
    rest = (await api.get(target)).json()
    assert [run["run_id"] for run in rest["data"]] == [1] and rest["next_cursor"] is None
    for wrong in ("limit=0", "limit=101", "status=odd", "cursor=-1"):
        assert (await api.get(f"/runs?{wrong}")).status_code == 422


async def test_one_run(api: httpx2.AsyncClient, runs: list[int]) -> None:
    found = (await api.get("/runs/1")).json()
    assert found["run_id"] == 1 and found["steps"][0]["seen"] == 10
    missing = await api.get("/runs/99")
    assert missing.status_code == 404 and missing.json()["errors"][0]["given"] == "99"
    assert (await api.get("/runs/x")).status_code == 422


async def test_no_folder_of_an_error_is_shown(api: httpx2.AsyncClient, runs: list[int]) -> None:
    for address in ("/runs", "/runs/2", "/compare-runs?base=1&other=2", "/stats", "/health/detailed", "/etl/status"):
        text = (await api.get(address)).text
        assert "/var/lib" not in text and "secret" not in text and "~/data" not in text, address
    [step] = (await api.get("/runs/2")).json()["steps"]
    assert "file.csv" in repr(step) and "other.csv" in repr(step)


async def test_two_runs_side_by_side(api: httpx2.AsyncClient, runs: list[int]) -> None:
    found = (await api.get("/runs/compare?base=1&other=2")).json()
    assert (found["base"]["run_id"], found["other"]["run_id"]) == (1, 2)
    seen = _difference(found, "seen")
    assert seen == {"source": "coingecko", "measure": "seen", "base": 10, "other": 2, "change": -8,
                    "change_percent": -80}  # fmt: skip
    assert _difference(found, "rejected")["change_percent"] is None
    assert {one["reason"] for one in found["anomalies"]} == {"failed_since", "fewer_records", "more_rejected"}
    same = (await api.get("/runs/compare?base=1&other=1")).json()
    assert same["anomalies"] == [] and {one["change"] for one in same["differences"]} == {0}
    other = (await api.get("/runs/compare?base=1&other=3")).json()
    assert [one["reason"] for one in other["anomalies"]] == ["no_part"]
    assert {(one["source"], one["base"] is None) for one in other["differences"]} == {
        ("coingecko", False), ("coinpaprika", True)
    }  # fmt: skip


def _difference(found: dict[str, Any], measure: str) -> dict[str, Any]:
    [one] = [one for one in found["differences"] if one["measure"] == measure]
    return dict(one)


async def test_both_addresses_of_a_comparison_say_the_same(api: httpx2.AsyncClient, runs: list[int]) -> None:
    told = [(await api.get(f"/{path}?base=1&other=2")).json() for path in ("runs/compare", "compare-runs")]
    for one in told:
        del one["request_id"], one["api_latency_ms"]
    assert told[0] == told[1]
    missing = await api.get("/compare-runs?base=1&other=99")
    assert missing.status_code == 404 and missing.json()["errors"][0]["parameter"] == "other"
    assert (await api.get("/compare-runs?base=1")).json()["errors"][0]["parameter"] == "other"
