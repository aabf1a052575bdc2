"""Pages of `/data`: number, offset, cursor and Link lead to the same rows."""

import re
from typing import Any, get_args

import httpx2

from kasparro.market.snapshot import SortField
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

_NULLABLE = ("price_usd", "market_cap_usd", "volume_24h_usd", "change_24h_percent", "rank")


def following(answer: httpx2.Response, rel: str = "next") -> str | None:
    """Where the answer's Link header leads."""
    links = {name: target for target, name in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])}
    return links.get(rel)


async def _fill(desk: Desk, source: Scripted, *, coins: int = 23) -> None:
    for half in (range(0, coins, 2), range(1, coins, 2)):
        await desk.post(source, body(*(_record(n) for n in half)))


def _record(n: int) -> dict[str, Any]:
    some = str(n % 5) if n % 4 else None
    return record(f"c{n:02}", some, symbol="xyz"[n % 3], name=f"Coin {n % 7}", rank=n % 6 or None,
                  at=f"2026-03-0{n % 3 + 1}T00:00:00Z", market_cap_usd=some, volume_24h_usd=some,
                  change_24h_percent=some and f"-{some}")  # fmt: skip


async def test_all_ways_through_agree_for_each_order(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _fill(desk, gecko)
    for field in get_args(SortField):
        for order in ("asc", "desc"):
            asked = f"/data?sort_by={field}&order={order}"
            whole = [row["id"] for row in (await api.get(f"{asked}&limit=100")).json()["data"]]
            assert len(whole) == len(set(whole)) == 23
            by_page: list[int] = []
            by_offset: list[int] = []
            for page in range(1, 5):
                by_page += [row["id"] for row in (await api.get(f"{asked}&limit=7&page={page}")).json()["data"]]
                offset = (page - 1) * 7
                by_offset += [row["id"] for row in (await api.get(f"{asked}&limit=7&offset={offset}")).json()["data"]]
            assert by_page == by_offset == whole
            assert await _by_cursor(api, asked) == whole
            assert await _by_link(api, f"{asked}&limit=7") == whole


async def _by_cursor(api: httpx2.AsyncClient, asked: str) -> list[int]:
    rows: list[int] = []
    answer = (await api.get(f"{asked}&limit=7")).json()
    while True:
        rows += [row["id"] for row in answer["data"]]
        assert answer["page"] == (len(rows) + 6) // 7
        if answer["next_cursor"] is None:
            return rows
        # A cursor brings its order with it: none is given.
        answer = (await api.get("/data", params={"limit": 7, "cursor": answer["next_cursor"]})).json()


async def _by_link(api: httpx2.AsyncClient, address: str) -> list[int]:
    rows: list[int] = []
    target: str | None = address
    while target:
        answer = await api.get(target)
        assert answer.status_code == 200
        rows += [row["id"] for row in answer.json()["data"]]
        target = following(answer)
    return rows


async def test_nulls_come_last_in_both_directions(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _fill(desk, gecko)
    for field in _NULLABLE:
        for order in ("asc", "desc"):
            rows = (await api.get(f"/data?sort_by={field}&order={order}&limit=100")).json()["data"]
            values = [row[field] for row in rows]
            known = [value for value in values if value is not None]
            assert known and known == sorted(known, reverse=order == "desc")
            assert values[len(known) :] == [None] * (23 - len(known)) and len(known) < 23


async def test_links_keep_filters_order_and_moment(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await _fill(desk, gecko)
    first = await api.get("/data?q=coin&sort_by=rank&order=asc&limit=5&as_of=2099-01-01")
    target = following(first)
    assert target is not None
    await desk.post(gecko, body(record("c99", "1", rank=1, name="Coin")))
    second = await api.get(target)
    assert second.json()["total"] == 23, "a later page is of the same moment"
    third = await api.get("/data?limit=5&page=3&sort_by=rank&order=asc")
    before = following(third, "prev")
    assert before
    assert [row["id"] for row in (await api.get(before)).json()["data"]] == [
        row["id"] for row in (await api.get("/data?limit=5&page=2&sort_by=rank&order=asc")).json()["data"]
    ]


async def test_the_first_page_of_a_cursor_s_walk_has_the_cursor_s_order(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await _fill(desk, gecko)
    first = await api.get("/data?sort_by=symbol&order=asc&limit=5")
    second = await api.get("/data", params={"limit": 5, "cursor": first.json()["next_cursor"]})
    start, before = following(second, "first"), following(second, "prev")
    assert start and before
    for target in (start, before):
        assert (await api.get(target)).json()["data"] == first.json()["data"]


async def test_a_cursor_stays_right_while_new_quotes_come_in(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await _fill(desk, gecko)
    first = (await api.get("/data?limit=10")).json()
    await desk.post(gecko, body(*(record(f"new{n}", "1") for n in range(8))))
    second = (await api.get("/data", params={"limit": 13, "cursor": first["next_cursor"]})).json()
    seen = [row["crypto_id"] for row in first["data"] + second["data"]]
    assert sorted(seen) == [f"c{n:02}" for n in range(23)]


async def test_a_long_name_s_cursor_leads_on(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1", name="🚀" * 480), record("b", "1", name="🚀" * 481)))
    first = (await api.get("/data?sort_by=crypto_name&order=asc&limit=1")).json()
    second = await api.get("/data", params={"limit": 1, "cursor": first["next_cursor"]})
    assert [row["crypto_id"] for row in second.json()["data"]] == ["b"]


async def test_an_old_moment_s_cursor_leads_on(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(*(record("a", "1", at=f"19{year}-01-01T00:00:00Z") for year in (50, 60))))
    await desk.post(gecko, body(record("b", "1", at="1940-01-01T00:00:00Z")))
    for address in ("/data?sort_by=observed_at&limit=1", "/data/a/history?limit=1"):
        first = await api.get(address)
        target = following(first)
        assert target is not None
        assert len((await api.get(target)).json()["data"]) == 1
