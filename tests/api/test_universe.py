"""`/universe`: the ranking without survivorship."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx2

from tests.api.serving import app_of, exactly, running
from tests.api.several import Market, fill, now, quoted
from tests.api.test_pages import following
from tests.ingest.looking import Desk, known_at


async def test_the_ranking_is_by_market_cap_and_the_unknown_come_last(
    api: httpx2.AsyncClient, desk: Desk, url: str
) -> None:
    await fill(Market(desk, url))
    found = exactly((await api.get("/universe")).text)
    assert [(one["rank"], one["asset"], one["market_cap_usd"]) for one in found["data"]] == [
        ("1", "bitcoin", "1950500000000.0"), ("2", "chainlink", "9800000000.0"), ("3", "link-2", "1000"),
        (None, "gonecoin", None),
    ]  # fmt: skip
    assert found["data"][0]["sources"] == ["coinpaprika", "coingecko", "csv"]
    assert found["total"] == "4" and found["left_out"] == {"stale": "0", "unlinked": "0"}


async def test_what_was_delisted_since_is_in_the_ranking_of_before(
    api: httpx2.AsyncClient, desk: Desk, url: str
) -> None:
    market = Market(desk, url)
    listed = {"coin": "lu-luna", "symbol": "LU", "name": "Luna", "active": True}
    await market.post("coinpaprika", listed, stream="coins")
    await market.post("coinpaprika", quoted("lu-luna", "LU", "Luna", "80", "30000", rank=1, at=now(minutes=100)))
    await market.post("coinpaprika", quoted("ot-other", "OT", "Other", "1", "20000", rank=2))
    await market.settle()
    then = (await known_at(desk.connection)).isoformat()
    before = (await api.get(f"/universe?as_of={quote(then)}")).json()
    assert [one["asset"] for one in before["data"]] == ["luna", "other"]
    await market.post("coinpaprika", {**listed, "active": False, "name": "Luna Classic"}, stream="coins")
    gone = quoted("lu-luna", "LU", "Luna Classic", "0.0001", "1", rank=900, at=now(minutes=90))
    await market.post("coinpaprika", gone)
    await market.post("coinpaprika", quoted("nw-new", "NW", "New", "9", "90000", rank=1))
    await market.settle()
    assert [one["asset"] for one in (await api.get("/universe")).json()["data"]] == ["new", "other", "luna"]
    again = (await api.get(f"/universe?as_of={quote(then)}")).json()
    assert again["data"] == before["data"] and again["data"][0]["name"] == "Luna"
    assert (await api.get(f"/assets/luna?as_of={quote(then)}")).json()["data"][0]["active"] is True
    assert (await api.get("/assets/luna")).json()["listed"] is False


async def test_what_became_stale_in_this_very_minute_is_stale_at_a_moment_after_that(url: str, desk: Desk) -> None:
    market = Market(desk, url)
    a_moment_ago = (datetime.now(UTC) - timedelta(seconds=120, milliseconds=1)).isoformat()
    await market.post("coingecko", quoted("old", "o", "Old", "1", "5", at=a_moment_ago))
    await market.settle()
    then = datetime.now(UTC).isoformat()
    async with running(app_of(url, stale_after=120)) as api:
        found = (await api.get(f"/universe?as_of={quote(then)}")).json()
    assert (found["data"], found["left_out"]["stale"]) == ([], 1), "as it will be told in an hour"


async def test_stale_assets_are_left_out_and_counted(url: str, desk: Desk) -> None:
    market = Market(desk, url)
    await market.post(
        "coingecko", quoted("old", "o", "Old", "1", "9", at=now(minutes=3)), quoted("new", "n", "New", "1", "8")
    )
    await market.settle()
    async with running(app_of(url, stale_after=120)) as api:
        found = (await api.get("/universe")).json()
        assert [one["asset"] for one in found["data"]] == ["new"] and found["left_out"]["stale"] == 1
        row = (await api.get("/assets/old")).json()
        assert row["stale"] is True and row["price_usd"] is None
        price = (await api.get("/assets/old/price")).json()
        assert price["sources"][0]["stand"] == "stale" and "120 seconds" in price["reason"]


async def test_top_and_pages(api: httpx2.AsyncClient, desk: Desk, url: str) -> None:
    market = Market(desk, url)
    coins = [quoted(f"c{n:02}", f"s{n}", f"Coin {n}", "1", str(1000 - n // 2), rank=n + 1) for n in range(25)]
    await market.post("coingecko", *coins)
    await market.settle()
    names = [f"c{n:02}" for n in range(25)]
    whole = (await api.get("/universe")).json()
    assert [one["asset"] for one in whole["data"]] == names and whole["page_size"] == 100
    assert [one["rank"] for one in whole["data"]] == list(range(1, 26))
    walked, target = [], "/universe?top=23&limit=10"
    while target:
        answer = await api.get(target)
        assert answer.json()["total"] == 23
        walked += [one["asset"] for one in answer.json()["data"]]
        target = following(answer) or ""
    assert walked == names[:23]
    assert (await api.get("/universe?top=3&page=2&limit=2")).json()["data"] == whole["data"][2:3]
    assert (await api.get("/universe?offset=1000")).json()["data"] == []
    for wrong in ("top=0", "limit=1001", "top=1e3", "as_of=yesterday"):
        assert (await api.get(f"/universe?{wrong}")).status_code == 422, wrong


async def test_a_moment_between_the_page_and_the_resolution_shows_the_links_of_before(
    api: httpx2.AsyncClient, desk: Desk, url: str
) -> None:
    market = Market(desk, url)
    await market.post("coingecko", quoted("alpha", "al", "Alpha", "1", "1000"))
    await market.settle()
    await market.post("coinpaprika", quoted("al-alpha", "al", "Alpha", "1", "1000"))
    between = datetime.now(UTC).isoformat()
    await market.settle()
    now_told, then = [(await api.get(path)).json() for path in ("/universe", f"/universe?as_of={quote(between)}")]
    assert now_told["data"][0]["sources"] == ["coinpaprika", "coingecko"]
    assert then["data"][0]["sources"] == ["coingecko"] and then["left_out"] == {"stale": 0, "unlinked": 1}
    rows = (await api.get(f"/data?as_of={quote(between)}")).json()["data"]
    assert {row["data_source"]: row["asset"] for row in rows} == {"coingecko": "alpha", "coinpaprika": None}
    history = (await api.get(f"/data/al-alpha/history?as_of={quote(between)}")).json()["data"]
    assert [row["asset"] for row in history] == [None]
    assert (await api.get("/data/al-alpha/history")).json()["data"][0]["asset"] == "alpha"
