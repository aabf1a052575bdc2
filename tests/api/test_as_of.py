"""`as_of`: the past as it was known, on `/data`, `/data/{crypto_id}` and history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx2
from hypothesis import HealthCheck, given, settings

from kasparro.ingest.reprocess import reprocess
from kasparro.store.connection import connect
from kasparro.store.staging import create_staging
from tests.api.serving import exactly
from tests.ingest.histories import HistoryPage, histories
from tests.ingest.looking import Desk, known_at, rows
from tests.ingest.naive import NaiveLedger
from tests.ingest.scripted import Record, Scripted, body, record

_examples = count()


async def _data(api: httpx2.AsyncClient, at: str | None = None, **asked: str) -> dict[str, Any]:
    answer = await api.get("/data", params={"limit": "100"} | ({"as_of": at} if at else {}) | asked)
    assert answer.status_code == 200
    found: dict[str, Any] = exactly(answer.text)
    return found


def _prices(found: dict[str, Any]) -> dict[tuple[str, str], tuple[datetime, Decimal | None]]:
    return {
        (row["dataset"] or "", row["crypto_id"]): (
            datetime.fromisoformat(row["observed_at"]), None if row["price_usd"] is None else Decimal(row["price_usd"])
        )
        for row in found["data"]
    }  # fmt: skip


@settings(max_examples=10, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(pages=histories())
async def test_every_moment_is_as_a_plain_replay_says(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, pages: list[HistoryPage]
) -> None:
    mark, naive = f"e{next(_examples)}-", NaiveLedger()
    moments: list[datetime] = []
    latest: list[dict[Any, Any]] = []
    states: list[dict[Any, Any]] = []
    for page in pages:
        gecko.dataset = page.dataset
        records = [sent | {"id": mark + sent["id"]} for sent in page.records]
        await desk.post(gecko, body(*records))
        naive.page(page.dataset, records)
        moments.append(await known_at(desk.connection))
        latest.append(dict(naive.latest))
        states.append(naive.state())
        assert _prices(await _data(api, q=mark)) == naive.latest
    for moment, expected, state in zip(moments, latest, states, strict=True):
        at = moment.isoformat()
        assert _prices(await _data(api, at, q=mark)) == expected
        for _, coin in expected:
            await _check_history(api, coin, at, state)
    assert _prices(await _data(api, (moments[0] - timedelta(microseconds=1)).isoformat(), q=mark)) == {}
    assert _prices(await _data(api, "2099-01-01", q=mark)) == naive.latest


async def _check_history(api: httpx2.AsyncClient, coin: str, at: str, state: dict[Any, Any]) -> None:
    answer = await api.get(f"/data/{coin}/history?as_of={quote(at)}")
    found = exactly(answer.text)
    dataset = found["data"][0]["dataset"] or ""
    told = {datetime.fromisoformat(row["observed_at"]): row["price_usd"] for row in found["data"]}
    assert {moment: text and Decimal(text) for moment, text in told.items()} == {
        key[2]: price for key, price in state.items() if key[:2] == (dataset, coin)
    }


async def test_before_the_first_load_there_is_nothing_and_in_the_future_it_is_now(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    assert (await _data(api, "2026-03-01"))["total"] == "0"
    fresh = datetime.now(UTC).isoformat()
    await desk.post(gecko, body(record("a", "1", at=fresh)))
    assert (await _data(api, "2026-03-01"))["data"] == []
    assert (await _data(api, "0001-01-01"))["data"] == []
    now, later = await _data(api), await _data(api, "9999-12-31T23:59:59Z")
    assert later["data"] == now["data"]
    assert later["meta"]["as_of"] == (await known_at(desk.connection)).isoformat().replace("+00:00", "Z")
    assert (await api.get("/data/a?as_of=2020-01-01")).status_code == 404
    assert (await api.get("/data/a?as_of=2099-01-01")).json()["id"] == int(now["data"][0]["id"])


async def test_a_correction_does_not_reach_the_past(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    moments = []
    for price in ("1", "2"):
        await desk.post(gecko, body(record("a", price)))
        moments.append((await known_at(desk.connection)).isoformat())
    for moment, known in zip(moments, (1, 2), strict=True):
        asked = f"as_of={quote(moment)}"
        assert (await api.get(f"/data/a?{asked}")).json()["price_usd"] == known
        assert (await api.get(f"/data/a/history?{asked}")).json()["data"][0]["price_usd"] == known
    assert (await api.get("/data/a/history")).json()["data"][0]["version"] == 2


async def test_an_answer_in_the_middle_of_a_page_can_be_had_again(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, url: str
) -> None:
    for before in (0, 1):
        other = await connect(url)
        await create_staging(other)
        async with other.transaction():
            await Desk(other).post(gecko, body(record(f"n{before}", str(before))))
            # The page has its number and its moment, and isn't committed.
            at = datetime.now(UTC).isoformat()
            found = await _data(api, at)
            assert found["total"] == str(before)
        await other.close()
        assert (await _data(api))["total"] == str(before + 1)
        again = await _data(api, found["meta"]["as_of"])
        assert again["data"] == found["data"] and again["meta"] == found["meta"]


async def test_what_is_retracted_goes_now_and_stays_in_the_past(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, url: str
) -> None:
    await desk.post(gecko, body(record("a", "1"), record("b", "1")))
    await desk.post(gecko, body(record("a", "2", at="2026-03-02T00:00:00Z")), position=2)
    before = await known_at(desk.connection)
    assert (await _data(api))["total"] == "2"
    gecko.parser = "coingecko/2"
    gecko.read = _without_b_and_the_second_day
    await reprocess(url, gecko, tell=lambda done, of: None)
    assert [(row["crypto_id"], row["price_usd"]) for row in (await _data(api))["data"]] == [("a", "1")]
    assert (await api.get("/data/b")).status_code == 404
    assert [row["price_usd"] for row in (await api.get("/data/a/history")).json()["data"]] == [1]
    assert (await _data(api, "2099-01-01"))["data"] == (await _data(api))["data"]
    assert (await _data(api, before.isoformat()))["total"] == "2"
    then = (await api.get(f"/data/a/history?as_of={quote(before.isoformat())}")).json()
    assert [row["price_usd"] for row in then["data"]] == [2, 1]
    assert await rows(desk.connection, "SELECT count(*) FROM latest_quotes") == [(1,)]


def _without_b_and_the_second_day(sent: Record) -> Record | None:
    return None if sent["id"] == "b" or sent["at"].startswith("2026-03-02") else sent
