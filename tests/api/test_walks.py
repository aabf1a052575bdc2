"""Following a cursor to its end, whatever happens meanwhile: each coin once, as the ledger was at the first page."""

import asyncio
import weakref
from typing import Any, cast

import httpx2
import pytest

from kasparro.api import former
from kasparro.market.snapshot import Snapshot
from kasparro.store import latest
from tests.api.serving import app_of, running
from tests.ingest.looking import Desk, value
from tests.ingest.scripted import Scripted, body, record

COINS = 23
LIMIT = 5
ORDERS = ("", "&sort_by=price_usd&order=asc", "&sort_by=observed_at", "&sort_by=rank&order=asc&q=coin")


async def _refresh(desk: Desk, source: Scripted, day: int) -> None:
    """All coins anew, in two pages: other prices, in another order, and one coin more each day."""
    at = f"2026-03-{day:02}T00:00:00Z"
    sent = [
        record(f"c{n:02}", str((n * 7 + day) % 11), name=f"Coin {n}", rank=(n * day) % 13 + 1, at=at)
        for n in range(COINS + day - 1)
    ]
    await desk.post(source, body(*sent[::2]))
    await desk.post(source, body(*sent[1::2]))


async def _page(api: httpx2.AsyncClient, asked: str, cursor: str | None) -> dict[str, Any]:
    answer = await api.get(f"/data?limit={LIMIT}{asked}" + (f"&cursor={cursor}" if cursor else ""))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("asked", ORDERS)
@pytest.mark.parametrize("left", [8, 0])
async def test_each_coin_once_as_it_was_at_the_first_page(
    url: str, desk: Desk, gecko: Scripted, monkeypatch: pytest.MonkeyPatch, asked: str, left: int
) -> None:
    """With none of the snapshots kept that were the newest, they are read from the ledger again."""
    monkeypatch.setattr(former, "_LEFT", left)
    await _refresh(desk, gecko, 1)
    # Another worker has seen nothing of what was before.
    async with running(app_of(url)) as api, running(app_of(url)) as other:
        whole = (await api.get(f"/data?limit=100{asked}")).json()["data"]
        assert len(whole) == COINS
        rows: list[dict[str, Any]] = []
        cursor, day = None, 1
        while day == 1 or cursor:
            for asking in (api, other) if cursor else (api,):
                found = await _page(asking, asked, cursor)
                assert found["data"] == whole[len(rows) : len(rows) + LIMIT]
                assert (found["total"], found["meta"]["version"], found["page"]) == (COINS, 2, day)
            rows += found["data"]
            cursor, day = found["next_cursor"], day + 1
            await _refresh(desk, gecko, day)
            assert (await api.get("/data")).json()["total"] == COINS + day - 1, "without a cursor it is the newest"
        assert rows == whole


async def test_a_page_of_a_cursor_stays_the_same_for_ever(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _refresh(desk, gecko, 1)
    cursor = (await _page(api, "", None))["next_cursor"]
    for asked in (f"/data?limit=5&cursor={cursor}", f"/data?limit=5&cursor={cursor}&as_of=2099-01-01"):
        first = await api.get(asked)
        for day in (2, 3):
            await _refresh(desk, gecko, day)
            again = await api.get(asked, headers={"if-none-match": first.headers["etag"]})
            assert again.status_code == 304
        assert (await api.get(asked)).json()["data"] == first.json()["data"]


async def test_a_past_moment_s_cursor_stays_at_that_moment(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await _refresh(desk, gecko, 1)
    first = await api.get("/data?limit=20&as_of=2099-01-01")
    await _refresh(desk, gecko, 2)
    second = (await api.get("/data", params={"cursor": first.json()["next_cursor"], "as_of": "2099-01-01"})).json()
    assert second["meta"] == first.json()["meta"] and second["total"] == COINS
    seen = {row["crypto_id"] for row in first.json()["data"] + second["data"]}
    assert len(seen) == COINS


async def test_an_export_goes_on_from_a_cursor_s_version(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _refresh(desk, gecko, 1)
    first = await _page(api, "", None)
    await _refresh(desk, gecko, 2)
    rest = await api.get("/data", params={"format": "ndjson", "cursor": first["next_cursor"]})
    assert len(rest.text.splitlines()) == COINS - LIMIT


async def test_a_version_that_never_was_is_the_newest(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _refresh(desk, gecko, 1)
    cursor: str = (await _page(api, "", None))["next_cursor"]
    order, _, version = cursor.rpartition(".")
    assert version == str(await value(desk.connection, "SELECT version FROM ledger"))
    found = await _page(api, "", f"{order}.{10**19 - 1}")
    assert found["meta"]["version"] == 2 and found["next_cursor"].endswith(".2")
    assert (await _page(api, "", f"{order}.0"))["total"] == 0, "before the first page there was nothing"


async def test_without_a_cursor_an_answer_says_nothing_of_a_version(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await _refresh(desk, gecko, 1)
    answer = await api.get("/data?limit=100")
    assert answer.json()["meta"]["version"] is None
    await desk.post(gecko, body())
    same = await api.get("/data?limit=100", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304, "nothing of it has changed"


async def test_past_moments_are_built_one_at_a_time_and_each_once(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _refresh(desk, gecko, 1)
    await _refresh(desk, gecko, 2)
    at_once: list[int] = []
    under_way = 0
    real = latest.read_snapshot_at

    async def counted(*given: Any) -> Any:
        nonlocal under_way
        under_way += 1
        at_once.append(under_way)
        try:
            return await real(*given)
        finally:
            under_way -= 1

    monkeypatch.setattr(former, "read_snapshot_at", counted)
    known = [row[0] for row in await _known(desk)]
    asked = [f"/data?as_of={moment}&limit={limit}" for moment in known for limit in (1, 2, 3)]
    answers = await asyncio.gather(*map(api.get, asked))
    assert {answer.status_code for answer in answers} == {200}
    assert at_once == [1] * len(known)


async def test_what_nobody_asks_for_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former, "_KEPT_S", 0.2)
    kept = former.FormerSnapshots(cast("Any", None), 1)
    snapshot = Snapshot(1, ())
    gone = weakref.ref(snapshot)
    kept.leave(snapshot)
    assert kept.left(1) is snapshot and kept.left(2) is None
    del snapshot
    async with asyncio.timeout(20):
        while gone() is not None:
            await asyncio.wait([asyncio.create_task(asyncio.sleep(0.05))])


async def _known(desk: Desk) -> list[Any]:
    cursor = await desk.connection.execute('SELECT to_char(known_at, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') FROM loads')
    return await cursor.fetchall()


async def test_every_worker_calls_the_coins_of_the_past_as_they_were_called_then(
    url: str, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("a", "1", name="Old")))
    async with running(app_of(url)) as api, running(app_of(url)) as other:
        [(then,)] = await _known(desk)
        await desk.post(gecko, body(record("b", "1")))
        assert (await api.get(f"/data/a?as_of={then}")).json()["crypto_name"] == "Old"
        await desk.post(gecko, body(record("a", "2", name="New", at="2026-03-05T00:00:00Z")))
        told = [(await one.get(f"/data/a?as_of={then}")).json() for one in (api, other)]
        assert [(one["crypto_name"], one["price_usd"]) for one in told] == [("Old", 1)] * 2


async def test_who_waits_too_long_for_a_past_moment_is_shed(url: str, desk: Desk, gecko: Scripted) -> None:
    await _refresh(desk, gecko, 1)
    app = app_of(url, database_timeout=1)
    async with running(app) as api:
        inner: Any = app
        turn = inner._desk._former._turn
        async with turn:
            answer = await api.get("/data?as_of=2099-01-01")
            assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
            assert (await api.get("/data")).status_code == 200 and (await api.get("/health")).status_code == 200
        assert (await api.get("/data?as_of=2099-01-01")).status_code == 200
