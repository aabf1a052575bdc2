"""`/stats`, `/health`, `/system/info` and `/`: what is told of the whole."""

from datetime import UTC, datetime

import httpx2

from kasparro import __version__
from kasparro.ingest.progress import Quiet
from kasparro.ingest.run import run_ingest
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record, unavailable


async def _ingest(url: str, *sources: Scripted) -> None:
    await run_ingest(url, sources, progress=Quiet())


async def _fill(url: str) -> None:
    now = datetime.now(UTC).isoformat()
    await _ingest(
        url,
        Scripted(body(record("a", "1", at=now), record("b", "1", at=now), record("b", "1", at=now, bad="x")),
                 name="coingecko"),
        Scripted(body(record("a", "1", at=now)), name="csv"),
        Scripted(unavailable(), name="coinpaprika"),
    )  # fmt: skip
    await _ingest(url, Scripted(body(record("a", "2", at=now), record("b", "1", at=now)), name="coingecko"))


async def test_stats(api: httpx2.AsyncClient, desk: Desk, url: str) -> None:
    await _fill(url)
    found = (await api.get("/stats")).json()
    assert found["total_cleaned_records"] == await value(desk.connection, "SELECT count(*) FROM quotes") == 4
    assert (found["total_raw_api_records"], found["total_raw_csv_records"]) == (5, 1)
    gecko = next(one for one in found["sources"] if one["source"] == "coingecko")
    assert (gecko["total_records"], gecko["total_raw_records"], gecko["listings"]) == (3, 5, 2)
    assert gecko["last_checkpoint"] and gecko["last_update"] and gecko["last_success"] and not gecko["last_failure"]
    paprika = next(one for one in found["sources"] if one["source"] == "coinpaprika")
    assert paprika["total_records"] == 0 and paprika["last_success"] is None and paprika["last_failure"]
    parts = [(part["run_id"], part["source"], part["records_processed"], part["success"], part["status"])
             for part in found["recent_etl_runs"]]  # fmt: skip
    assert parts[0] == (2, "coingecko", 2, True, "success")
    assert set(parts[1:]) == {(1, "coingecko", 3, True, "success"), (1, "csv", 1, True, "success"),
                              (1, "coinpaprika", 0, False, "failed")}  # fmt: skip
    assert all(part["duration_seconds"] >= 0 and part["started_at"] for part in found["recent_etl_runs"])


async def test_summary(api: httpx2.AsyncClient, url: str) -> None:
    empty = (await api.get("/stats/summary")).json()
    assert (empty["total_records"], empty["last_successful_run"]) == (0, None)
    await _fill(url)
    found = (await api.get("/stats/summary")).json()
    assert found["total_records"] == 4 and found["last_successful_run"].endswith("Z")
    assert found["records_by_source"] == {"coinpaprika": 0, "coingecko": 3, "csv": 1}


async def test_health(api: httpx2.AsyncClient, url: str) -> None:
    first = (await api.get("/health")).json()
    assert (first["status"], first["database"], first["last_etl_run"]) == ("healthy", "connected", None)
    await _fill(url)
    found = (await api.get("/health")).json()
    assert found["last_etl_run"] | {"started_at": 0, "ended_at": 0} == {
        "run_id": 2, "source": "coingecko", "records_processed": 2, "success": True, "started_at": 0, "ended_at": 0
    }  # fmt: skip
    assert found["timestamp"].endswith("Z") and found["last_etl_run"]["ended_at"].endswith("Z")


async def test_detailed_health_tells_each_source_s_freshness(api: httpx2.AsyncClient, url: str) -> None:
    await _fill(url)
    found = (await api.get("/health/detailed")).json()
    assert {source["source"]: source["fresh"] for source in found["sources"]} == {
        "coinpaprika": False, "coingecko": True, "csv": True
    }  # fmt: skip
    assert found["checks"]["database"]["status"] == "ok" and found["checks"]["database"]["latency_ms"] > 0
    assert found["checks"]["ledger"]["status"] == "stale"


async def test_liveness_and_readiness(api: httpx2.AsyncClient, desk: Desk) -> None:
    assert (await api.get("/livez")).json() == {"status": "alive"}
    assert (await api.get("/readyz")).json()["status"] == "ok"
    await desk.connection.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = await api.get("/readyz")
    assert answer.status_code == 503 and "tables" in answer.json()["detail"]


async def test_welcome_and_system(api: httpx2.AsyncClient) -> None:
    welcome = (await api.get("/")).json()
    assert welcome["version"] == __version__ and welcome["docs"] == "/docs" and welcome["message"]
    assert {"health", "data", "stats"} <= set(welcome["endpoints"])
    answer = await api.get("/system/info")
    assert answer.json()["sources"] == ["coinpaprika", "coingecko", "csv"]
    assert answer.json()["uptime_seconds"] >= 0
    for secret in ("postgresql://", "/home", "password", "/tmp"):
        assert secret not in answer.text


async def test_rejections_and_drift(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    told = [record(f"c{n}", "1", bad=f"not a number in /etc/passwd/{n}") for n in range(3)]
    await desk.post(gecko, body(*told, record("d", "1", drift="mood")))
    first = (await api.get("/rejections?limit=2&source=COINGECKO")).json()
    rest = (await api.get("/rejections", params={"cursor": first["next_cursor"]})).json()
    found = first["data"] + rest["data"]
    assert sorted(one["ordinal"] for one in found) == [0, 1, 2] and rest["next_cursor"] is None
    assert [one["rejection_id"] for one in found] == sorted((one["rejection_id"] for one in found), reverse=True)
    assert found[0]["reason"] == "bad_number" and "/etc" not in found[0]["detail"] and found[0]["times"] == 1
    assert f'"id": "c{found[0]["ordinal"]}"' in found[0]["record"]
    [drift] = (await api.get("/drift")).json()["data"]
    assert (drift["field"], drift["kind"], drift["required"]) == ("mood", "new", False)
    assert (await api.get("/rejections?source=csv")).json()["data"] == []
