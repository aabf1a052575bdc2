"""`/anomalies`, and what `/runs` and `/metrics` tell of them."""

from typing import Any, get_args

import httpx2
import pytest

from kasparro.api.anomalies import AnomalyKind, AnomalySeverity
from kasparro.market.anomaly.anomaly import Kind, Severity
from tests.api.test_metrics import samples
from tests.api.test_pages import following
from tests.ingest.scripted import body
from tests.ingest.test_examine import WALK, hourly, once, seen


@pytest.fixture
async def odd(url: str) -> list[int]:
    """Two runs of coingecko, the second with a jump and two amounts that contradict each other, one of a newcomer."""
    await once(url, *hourly("c", WALK), hour=29.1, name="coingecko")
    wrong = {"market_cap_usd": "5", "supply": "1000"}
    page = body(seen("c", 1000, 30, **wrong), seen("new", 1, 30, **wrong))
    await once(url, page, hour=30.1, name="coingecko")
    return [1, 2]


async def asked(api: httpx2.AsyncClient, query: str = "") -> list[tuple[str, str]]:
    """Kind and coin of each."""
    answer = await api.get(f"/anomalies{query}")
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["crypto_id"]) for one in answer.json()["data"]]


async def test_before_the_first_run_there_is_nothing(api: httpx2.AsyncClient) -> None:
    found = (await api.get("/anomalies")).json()
    assert found["data"] == [] and found["next_cursor"] is None
    assert found["meta"] == {"open": 0, "last_run_id": None, "last_run": {"critical": 0, "warning": 0, "info": 0}}


async def test_what_was_odd_is_shown_with_its_reason_and_evidence(api: httpx2.AsyncClient, odd: list[int]) -> None:
    found = (await api.get("/anomalies")).json()
    assert sorted((one["kind"], one["crypto_id"]) for one in found["data"]) == [
        ("jump", "c"), ("market_cap_mismatch", "c"), ("market_cap_mismatch", "new"),
    ]  # fmt: skip
    assert found["meta"] == {"open": 2, "last_run_id": 2, "last_run": {"critical": 0, "warning": 3, "info": 0}}
    [jump] = [one for one in found["data"] if one["kind"] == "jump"]
    assert (jump["severity"], jump["run_id"], jump["source"], jump["symbol"]) == ("warning", 2, "coingecko", "C")
    assert "x 9.803" in jump["reason"] and jump["evidence"]["price"] == 1000
    assert (jump["lasting"], jump["times"], jump["ended_at"]) == (False, 1, None) and jump["found_at"].endswith("Z")
    receipt = (await api.get(f"/quotes/{jump['quote_id']}/receipt")).json()
    assert receipt["source_coin_id"] == "c" and receipt["price_usd"] == 1000


async def test_each_filter_and_page(api: httpx2.AsyncClient, odd: list[int]) -> None:
    assert await asked(api, "?kind=jump") == [("jump", "c")]
    assert await asked(api, "?severity=info") == []
    assert await asked(api, "?source=CoinGecko&crypto_id=NEW") == [("market_cap_mismatch", "new")]
    assert await asked(api, "?source=csv") == [] and await asked(api, "?run_id=1") == []
    assert len(await asked(api, "?run_id=2&open=true")) == 2
    slug = (await api.get("/anomalies?kind=jump")).json()["data"][0]["asset"]
    assert {coin for _, coin in await asked(api, f"?asset={slug}")} == {"c"}
    first = await api.get("/anomalies?limit=2&severity=warning")
    target = following(first)
    assert target is not None and "severity=warning" in target
    rest = (await api.get(target)).json()
    ids = [one["anomaly_id"] for one in first.json()["data"] + rest["data"]]
    assert ids == sorted(ids, reverse=True) and len(ids) == 3 and rest["next_cursor"] is None


@pytest.mark.parametrize("wrong", ["kind=odd", "severity=notice", "run_id=0", "open=perhaps", "cursor=-1", "source=x"])
async def test_what_is_not_accepted_is_named(api: httpx2.AsyncClient, wrong: str) -> None:
    answer = await api.get(f"/anomalies?{wrong}")
    assert answer.status_code == 422 and answer.json()["errors"][0]["parameter"] == wrong.partition("=")[0]


async def test_an_answer_is_kept_until_something_is_found(api: httpx2.AsyncClient, url: str, odd: list[int]) -> None:
    tag = (await api.get("/anomalies")).headers["etag"]
    assert (await api.get("/anomalies", headers={"if-none-match": tag})).status_code == 304
    await once(url, body(seen("c", 1, 31)), hour=31.1, name="coingecko")
    later = await api.get("/anomalies", headers={"if-none-match": tag})
    assert later.status_code == 200 and len(later.json()["data"]) == 4


async def test_a_run_tells_how_many(api: httpx2.AsyncClient, odd: list[int]) -> None:
    counts = [(await api.get(f"/runs/{run}")).json()["anomalies"] for run in odd]
    assert counts == [{"critical": 0, "warning": 0, "info": 0}, {"critical": 0, "warning": 3, "info": 0}]


async def test_two_runs_side_by_side_show_the_differences_and_the_anomalies_of_both(
    api: httpx2.AsyncClient, odd: list[int]
) -> None:
    def told(found: dict[str, Any]) -> set[tuple[Any, ...]]:
        return {(one["reason"], one["severity"], one["crypto_id"], one["run_id"]) for one in found["anomalies"]}

    kept = {("jump", "warning", "c", 2), ("market_cap_mismatch", "warning", "c", 2),
            ("market_cap_mismatch", "warning", "new", 2)}  # fmt: skip
    found = (await api.get("/runs/compare?base=1&other=2")).json()
    assert told(found) == {("fewer_records", "critical", None, None), *kept}
    assert found["anomalies"][0]["detail"] == "2 records, 30 before" and found["anomalies"][0]["anomaly_id"] is None
    assert found["anomalies"][1]["anomaly_id"] is not None
    assert told((await api.get("/runs/compare?base=2&other=1")).json()) == kept


async def test_the_metrics_tell_what_lasts_and_what_the_last_run_found(api: httpx2.AsyncClient, odd: list[int]) -> None:
    found = samples((await api.get("/metrics")).text)
    labels = (("kind", "market_cap_mismatch"), ("source", "coingecko"))
    assert found["kasparro_anomalies_open", labels] == 2
    assert sum(name == "kasparro_anomalies_open" for name, _ in found) == 1
    assert found["kasparro_last_run_anomalies", (("severity", "warning"),)] == 3
    assert found["kasparro_last_run_anomalies", (("severity", "critical"),)] == 0


def test_the_words_are_those_of_the_ledger() -> None:
    assert set(get_args(AnomalyKind)) == {str(kind) for kind in Kind}
    assert set(get_args(AnomalySeverity)) == {str(severity) for severity in Severity}
