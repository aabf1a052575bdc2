"""`GET /data/{crypto_id}` and its history."""

import httpx2

from tests.api.serving import exactly
from tests.api.test_pages import following
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record


async def test_a_coin_is_a_flat_row_with_alternatives(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted, paprika: Scripted
) -> None:
    await desk.post(gecko, body(record("same", "1E-18"), record("lone", "2")))
    await desk.post(paprika, body(record("same", "3")))
    answer = await api.get("/data/same")
    found = exactly(answer.text)
    assert found["data_source"] == "coinpaprika" and found["price_usd"] == "3"
    [other] = found["alternatives"]
    assert other["data_source"] == "coingecko" and other["price_usd"] == "0.000000000000000001"
    assert set(other) | {"alternatives", "request_id", "api_latency_ms"} == set(found)
    chosen = (await api.get("/data/same?source=COINGECKO")).json()
    assert chosen["data_source"] == "coingecko" and chosen["alternatives"] == []
    assert (await api.get("/data/SAME")).json()["id"] == int(found["id"])
    assert (await api.get("/data/lone")).json()["alternatives"] == []


async def test_an_unknown_coin_is_a_404_that_names_near_ones(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    await desk.post(gecko, body(record("bitcoin", "1", symbol="btc", rank=1), record("tether", "1", symbol="usdt")))
    for asked in ("btc", "bitcoi", "bitcoin-2", "BITC OIN"):
        answer = await api.get(f"/data/{asked}")
        assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
        assert "bitcoin" in answer.json()["detail"], asked
    assert "tether" not in (await api.get("/data/btc")).json()["detail"]
    nothing = await api.get("/data/%F0%9F%9A%80/history")
    assert nothing.status_code == 404 and "/data?q=" in nothing.json()["detail"]
    elsewhere = await api.get("/data/bitcoin?source=csv")
    assert elsewhere.status_code == 404 and "csv" in elsewhere.json()["detail"]
    assert (await api.get("/data/bitcoin?source=nope")).status_code == 422


async def test_ids_of_any_kind_are_found(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    ids = ["a?source=csv", "a b", "ä", "100%", "a&b", "a#b", "_", "%2e"]
    await desk.post(gecko, body(*(record(one, str(n)) for n, one in enumerate(ids))))
    for one in ids:
        address = httpx2.URL("http://kasparro/data/").copy_with(raw_path=b"/data/" + _quoted(one))
        for _ in range(2):
            assert (await api.get(address)).json()["crypto_id"] == one
        history = await api.get(address.copy_with(raw_path=address.raw_path + b"/history"))
        assert history.json()["crypto_id"] == one and len(history.json()["data"]) == 1


def _quoted(text: str) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in text.encode())


async def test_history_is_paged_bounded_and_ordered(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    moments = [f"2026-03-01T0{hour}:00:00Z" for hour in range(9)]
    for n, at in enumerate(moments):
        await desk.post(gecko, body(record("a", str(n), at=at), record("b", "7", at=at)))
    first = await api.get("/data/a/history")
    assert [row["price_usd"] for row in first.json()["data"]] == list(range(8, -1, -1))
    assert first.json()["next_cursor"] is None and first.json()["data_source"] == "coingecko"
    asked = f"/data/a/history?start={moments[2]}&end={moments[7]}&order=asc&limit=4"
    page = await api.get(asked)
    assert [row["price_usd"] for row in page.json()["data"]] == [2, 3, 4, 5]
    target = following(page)
    assert target is not None
    rest = await api.get(target)
    assert [row["price_usd"] for row in rest.json()["data"]] == [6, 7]
    assert rest.json()["next_cursor"] is None
    by_cursor = await api.get(f"{asked}&cursor={page.json()['next_cursor']}")
    assert by_cursor.json()["data"] == rest.json()["data"]
    for wrong in ("limit=0", "limit=1001", "cursor=x", "start=yesterday", "order=up"):
        assert (await api.get(f"/data/a/history?{wrong}")).status_code == 422


async def test_history_shows_the_last_version_of_each_moment(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    for price in ("1", "2", "3"):
        await desk.post(gecko, body(record("a", price)))
    [row] = (await api.get("/data/a/history")).json()["data"]
    assert (row["price_usd"], row["version"]) == (3, 3)


async def test_a_coin_is_called_the_same_everywhere(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    await desk.post(gecko, body(record("a", "1", symbol="OLD", name="Old")))
    await desk.post(gecko, body(record("a", "2", at="2026-03-02T00:00:00Z", symbol="NEW", name="New")))
    for address in ("/data/a", "/data/a?as_of=2099-01-01"):
        assert (await api.get(address)).json()["crypto_name"] == "New"
    assert {row["symbol"] for row in (await api.get("/data/a/history")).json()["data"]} == {"NEW"}


async def test_the_pages_of_a_history_stay_those_of_one_coin(
    api: httpx2.AsyncClient, desk: Desk, gecko: Scripted
) -> None:
    days = [f"2026-03-{day:02}T00:00:00Z" for day in range(1, 6)]
    gecko.dataset = "one"
    await desk.post(gecko, body(*(record("a", str(n), at=at) for n, at in enumerate(days, 1))))
    first = (await api.get("/data/a/history?limit=2")).json()
    assert first["dataset"] == "one" and [row["price_usd"] for row in first["data"]] == [5, 4]
    # From now on the likeliest coin with this id is another one.
    gecko.dataset = "two"
    await desk.post(gecko, body(*(record("a", str(n), at=f"2026-04-0{n}T00:00:00Z") for n in (1, 2, 3))), position=2)
    assert (await api.get("/data/a")).json()["dataset"] == "two"
    second = (await api.get("/data/a/history", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert second["dataset"] == "one" and [row["price_usd"] for row in second["data"]] == [3, 2]
    await desk.post(gecko, body(record("b", "1")), position=3)
    other = await api.get("/data/b/history", params={"cursor": first["next_cursor"]})
    assert other.status_code == 404 and other.json()["errors"][0]["parameter"] == "cursor"


async def test_a_dataset_can_be_chosen(api: httpx2.AsyncClient, desk: Desk, gecko: Scripted) -> None:
    for n, name in enumerate(("prices@1d", "PRICES@1D", "other"), 1):
        gecko.dataset = name
        await desk.post(gecko, body(record("a", str(n))), position=n)
    for path in ("/data/a", "/data/a/history"):
        for asked, price in (("prices@1d", 1), ("PRICES@1D", 2), ("Other", 3)):
            found = (await api.get(path, params={"dataset": asked})).json()
            assert (found.get("data") or [found])[0]["price_usd"] == price, asked
        missing = await api.get(path, params={"dataset": "no"})
        [error] = missing.json()["errors"]
        assert missing.status_code == 404 and error["parameter"] == "dataset" and "prices@1d" in error["accepted"]
    assert len((await api.get("/data/a?dataset=other")).json()["alternatives"]) == 0
    gecko.dataset = ""
    await desk.post(gecko, body(record("c", "1")), position=4)
    assert "no CSV file" in (await api.get("/data/c?dataset=other")).json()["detail"]
