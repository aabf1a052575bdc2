"""`/assets` and what is told of one asset: searched, filtered, side by side, by evidence, never stale."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx2
import pytest

import kasparro.ingest.identity
from kasparro.ingest.verdicts import decide, take_back
from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Resolution
from kasparro.market.identity.profile import Profile
from tests.api.serving import exactly
from tests.api.several import ADDRESS, Market, fill, now, quoted
from tests.api.test_pages import following
from tests.ingest.looking import Desk


@pytest.fixture
def market(desk: Desk, url: str) -> Market:
    """Posts quotes and coin lists into a fresh ledger."""
    return Market(desk, url)


async def _names(api: httpx2.AsyncClient, asked: str = "") -> list[str]:
    answer = await api.get(f"/assets?{asked}")
    assert answer.status_code == 200, answer.text
    return [row["asset"] for row in answer.json()["data"]]


async def test_each_coin_stands_once_with_all_its_sources(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    found = (await api.get("/assets")).json()
    told = {row["asset"]: (row["sources"], row["listings"], row["rank"]) for row in found["data"]}
    assert told == {
        "bitcoin": (["coinpaprika", "coingecko", "csv"], 3, 1), "chainlink": (["coinpaprika", "coingecko"], 2, 12),
        "link-2": (["coingecko"], 1, 900), "gonecoin": (["coinpaprika"], 1, None),
        "quietcoin": (["coinpaprika"], 1, None),
    }  # fmt: skip
    assert found["total"] == 5 and (found["as_of"], found["known_at"]) == (None, None)


async def test_filters(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    expected = {
        "symbol=LINK": ["chainlink", "link-2"], "symbol=quiet": ["quietcoin"], "source=csv": ["bitcoin"],
        "source=CoinPaprika&linked=true": ["bitcoin", "chainlink"], "linked=false&source=coingecko": ["link-2"],
        "listed=false": ["gonecoin"], "q=TWO": ["link-2"], "q=btc-": ["bitcoin"], "q=chainlink token": ["chainlink"],
        "q=quietcoin&listed=true": ["quietcoin"], "q=%00": [], "symbol=link&q=link t": ["chainlink", "link-2"],
    }  # fmt: skip
    for asked, assets in expected.items():
        assert await _names(api, asked) == assets, asked


async def test_orders_and_pages(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    by = {
        "": ["bitcoin", "chainlink", "link-2", "gonecoin", "quietcoin"],
        "sort_by=rank&order=desc": ["link-2", "chainlink", "bitcoin", "gonecoin", "quietcoin"],
        "sort_by=market_cap_usd&order=desc": ["bitcoin", "chainlink", "link-2", "gonecoin", "quietcoin"],
        "sort_by=market_cap_usd": ["link-2", "chainlink", "bitcoin", "gonecoin", "quietcoin"],
        "sort_by=asset": ["bitcoin", "chainlink", "gonecoin", "link-2", "quietcoin"],
        "sort_by=asset&order=desc": ["quietcoin", "link-2", "gonecoin", "chainlink", "bitcoin"],
    }
    for asked, assets in by.items():
        assert await _names(api, asked) == assets, asked
        assert (
            await _names(api, f"{asked}&limit=2&page=2")
            == await _names(api, f"{asked}&limit=2&offset=2")
            == assets[2:4]
        )
        walked, target = [], f"/assets?{asked}&limit=2"
        while target:
            answer = await api.get(target)
            walked += [row["asset"] for row in answer.json()["data"]]
            target = following(answer) or ""
        assert walked == assets


async def test_a_walk_stays_with_the_ledger_of_its_first_page(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    first = (await api.get("/assets?limit=2")).json()
    await market.post("coingecko", quoted("newest", "new", "Newest", "1", "5000000000000", rank=1))
    await market.settle()
    again = await api.get("/assets?limit=2")
    assert again.json()["next_cursor"] != first["next_cursor"] and again.json()["total"] == 6
    rest = (await api.get(f"/assets?limit=3&cursor={first['next_cursor']}")).json()
    assert [row["asset"] for row in rest["data"]] == ["link-2", "gonecoin", "quietcoin"] and rest["total"] == 5
    assert (await api.get("/assets?cursor=0.999999999999.999999999")).json()["total"] == 6
    assert (await api.get("/assets?cursor=0.0.0")).json()["total"] == 0


async def test_all_sources_side_by_side(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    answer = await api.get("/assets/bitcoin")
    found = exactly(answer.text)
    told = [(one["source"], one["crypto_id"], one["quote"]["price_usd"]) for one in found["data"]]
    assert told == [
        ("coinpaprika", "btc-bitcoin", "98410.25"), ("coingecko", "bitcoin", "98400.1234"),
        ("csv", "bitcoin", "98500"),
    ]  # fmt: skip
    assert {one["quote"]["asset"] for one in found["data"]} == {"bitcoin"}
    assert [one["active"] for one in found["data"]] == [True, None, None]
    assert found["price_usd"] == "98410.25" and found["agreed"] is True and found["found_by"] is None
    spread = found["spread"]["price_usd"]
    assert (spread["lowest"]["source"], spread["highest"]["value"], spread["sources"]) == ("coingecko", "98500", "3")
    assert found["spread"]["market_cap_usd"]["sources"] == "2"
    row = exactly((await api.get("/data/btc-bitcoin?source=coinpaprika")).text)
    assert found["data"][0]["quote"] == {name: row[name] for name in found["data"][0]["quote"]}


async def test_numbers_have_all_their_digits(api: httpx2.AsyncClient, market: Market) -> None:
    long = "0.1234567890123456789012345678901234567890"
    await market.post("coingecko", quoted("tiny", "ty", "Tiny", "1E-18", long), quoted("zero", "z", "Zero", "0", "0"))
    await market.post("coinpaprika", quoted("ty-tiny", "ty", "Tiny", "0.0000000000000000010000000000000000001", long))
    await market.settle()
    mean = "0.00000000000000000100000000000000000005"
    for path in ("/assets/tiny", "/assets/tiny/price"):
        assert exactly((await api.get(path)).text)["price_usd"] == mean, path
    for path in ("/universe", "/assets"):
        row = exactly((await api.get(path)).text)["data"][0]
        assert (row["price_usd"], row["market_cap_usd"]) == (mean, long), path
    spread = exactly((await api.get("/assets/tiny")).text)["spread"]
    assert spread["price_usd"]["lowest"]["value"] == "0.000000000000000001"
    assert spread["market_cap_usd"]["difference_percent"] == "0"
    zero = (await api.get("/assets/zero/price")).json()
    assert zero["price_usd"] is None and zero["reason"] == "No source has a price above zero"


async def test_a_coin_that_nobody_quotes_is_told_of_too(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    found = (await api.get("/assets/quietcoin")).json()
    assert (found["name"], found["symbol"], found["price_usd"], found["stale"]) == ("Quietcoin", "QUIET", None, False)
    [listing] = found["data"]
    assert listing["quote"] is None and listing["link"]["method"] == "own" and listing["active"] is True
    price = (await api.get("/assets/quietcoin/price")).json()
    assert price["price_usd"] is None and price["reason"] == "No source has a quote of it" and price["sources"] == []


async def test_former_names_and_addresses(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    await market.post(
        "coingecko", {"coin": "chainlink", "symbol": "lnk", "name": "Chain"}, stream="coins"
    )  # fmt: skip
    await market.post("coingecko", quoted("chainlink", "lnk", "Chain", "14.5"))
    listing = (await api.get("/assets/chainlink")).json()["data"][1]
    assert (listing["symbol"], listing["name"]) == ("lnk", "Chain")
    names = [(was["symbol"], was["name"]) for was in listing["former_names"]]
    assert names == [("link", "ChainLink Token"), ("link", "Chainlink")]
    assert listing["addresses"] == [{"chain": "ethereum", "address": ADDRESS}]


async def test_an_id_of_a_source_leads_to_the_asset(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    for path in ("", "/links", "/price"):
        answer = await api.get(f"/assets/LINK-Chainlink{path}")
        assert answer.status_code == 200 and answer.json()["asset"] == "chainlink"
        assert answer.json()["found_by"] == {
            "source": "coinpaprika", "dataset": None, "crypto_id": "link-chainlink"
        }  # fmt: skip
        assert (await api.get(f"/assets/ChainLink{path}")).json()["found_by"] is None


async def test_an_unknown_asset_is_a_404_that_names_near_ones(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    for asked, near in (
        ("bitcon", "bitcoin"),
        ("quiet", "quietcoin"),
        ("link", "chainlink, link-2"),
        ("gone-x", "gonecoin"),
    ):
        for path in ("", "/links", "/price"):
            answer = await api.get(f"/assets/{asked}{path}")
            assert answer.status_code == 404 and near in answer.json()["detail"], answer.text
    assert "/assets?q=" in (await api.get("/assets/%F0%9F%9A%80")).json()["detail"]
    for asked in ("limit=0", "limit=101", "linked=maybe", "sort_by=price", "cursor=1.2", "source=nope", "sybol=btc"):
        assert (await api.get(f"/assets?{asked}")).status_code == 422, asked


@pytest.mark.parametrize("path", ["/assets/%00", "/assets/a%00/price", "/assets/%00/links",
                                  "/anomalies?asset=%00", "/anomalies?crypto_id=%00"])  # fmt: skip
async def test_what_no_text_holds_is_refused(api: httpx2.AsyncClient, market: Market, path: str) -> None:
    await fill(market)
    assert (await api.get(path)).status_code == 422


async def test_before_it_was_known_an_asset_is_a_404_that_says_when(api: httpx2.AsyncClient, market: Market) -> None:
    await market.post("coingecko", quoted("alpha", "a", "Alpha", "1"))
    await market.settle()
    answer = await api.get("/assets/alpha/price?as_of=2020-01-01")
    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "At 2020-01-01T00:00:00Z no asset was called 'alpha'. Nothing was known yet: the ledger begins later"
    )


async def test_a_resolution_is_seen_at_once_though_no_page_came(api: httpx2.AsyncClient, market: Market) -> None:
    await market.post("coingecko", quoted("alpha", "al", "Alpha", "1", "1000"))
    etags = {}
    for path in ("/data", "/data?asset=alpha", "/data/alpha", "/data/alpha/history", "/assets", "/universe"):
        etags[path] = (await api.get(path)).headers["etag"]
    assert (await api.get("/data")).json()["data"][0]["asset"] is None
    assert (await api.get("/universe")).json()["left_out"] == {"stale": 0, "unlinked": 1}
    assert (await api.get("/assets/alpha")).status_code == 404
    await market.settle()
    for path, etag in etags.items():
        answer = await api.get(path, headers={"if-none-match": etag})
        assert answer.status_code == 200, path
        found = answer.json()
        assert (found if "asset" in found else found["data"][0])["asset"] == "alpha", path
    assert (await api.get("/data.csv")).text.splitlines()[1].split(",")[4] == "alpha"
    assert '"asset":"alpha"' in (await api.get("/data.ndjson?asset=ALPHA")).text
    assert (await api.get("/assets/alpha")).status_code == 200


async def test_a_verdict_moves_a_listing_and_is_seen_at_once(api: httpx2.AsyncClient, market: Market, url: str) -> None:
    await market.post("coingecko", quoted("alpha", "al", "Alpha", "1", "1000"))
    await market.post("coinpaprika", quoted("be-beta", "be", "Beta", "1", "1000"))
    await market.settle()
    apart = (await api.get("/assets")).json()
    assert apart["total"] == 2
    await asyncio.to_thread(decide, url, "coingecko:alpha", "coinpaprika:be-beta", same=True, note="renamed")
    together = (await api.get("/assets")).json()
    assert [row["asset"] for row in together["data"]] == ["alpha"] and together["data"][0]["listings"] == 2
    assert {row["asset"] for row in (await api.get("/data")).json()["data"]} == {"alpha"}
    gone = await api.get("/assets/beta")
    assert gone.status_code == 404 and "Its listings belong to alpha" in gone.json()["detail"]
    links = (await api.get("/assets/alpha/links")).json()
    assert links["verdicts"][0]["note"] == "renamed" and links["verdicts"][0]["withdrawn_at"] is None
    [newest, *_] = links["data"]
    assert newest["method"] == "person" and newest["until"] is None
    former = next(one for one in links["data"] if one["asset"] == "beta")
    assert former["until"] == newest["since"] and links["total"] == 4
    assert (await api.get("/assets/beta/links")).json()["total"] == 2, "what is gone still tells where it went"
    await asyncio.to_thread(take_back, url, links["verdicts"][0]["verdict_id"])
    assert (await api.get("/assets")).json()["total"] == 2
    assert (await api.get("/assets/alpha/links")).json()["verdicts"][0]["withdrawn_at"] is not None


async def test_what_waits_for_a_person_is_told_and_goes_with_the_verdict(
    api: httpx2.AsyncClient, market: Market, url: str
) -> None:
    await market.post("coingecko", quoted("omega", "om", "Omega", "1", "1000"))
    await market.post("coinpaprika", quoted("om-omega", "om", "Omega", "30", "900000000"))
    before = await api.get("/suggestions")
    await market.settle()
    answer = await api.get("/suggestions", headers={"if-none-match": before.headers["etag"]})
    [waits] = answer.json()["data"]
    assert answer.json()["total"] == 1 and 0 < waits["score"] < 1 and waits["reason"] and waits["evidence"]
    assert {waits["one"]["asset"], waits["other"]["asset"]} == set(await _names(api))
    links = await api.get("/assets/omega/links")
    assert links.json()["suggestions"] == [waits]
    assert (await api.get("/assets/omega/links?as_of=2099-01-01")).json()["suggestions"] is None
    await asyncio.to_thread(decide, url, "coingecko:omega", "coinpaprika:om-omega", same=False)
    for path, etag in (("/suggestions", answer.headers["etag"]), ("/assets/omega/links", links.headers["etag"])):
        assert (await api.get(path, headers={"if-none-match": etag})).status_code == 200, path
    assert (await api.get("/suggestions")).json()["total"] == 0
    assert (await api.get("/assets/omega/links")).json()["verdicts"][0]["same"] is False


async def test_unlinked_rows_of_files_say_why(api: httpx2.AsyncClient, market: Market) -> None:
    await market.post("csv", quoted("thing", "TNG", "Thing", "1"), dataset="prices")
    await market.settle()
    [name] = await _names(api)
    link = (await api.get(f"/assets/{name}")).json()["data"][0]["link"]
    assert link["method"] == "own" and "TNG" in link["unlinked"]
    then = (await api.get(f"/assets/{name}?as_of=2099-01-01")).json()["data"][0]["link"]
    assert then["unlinked"] == link["unlinked"]


async def test_candidates_for_a_ticker_are_assets(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    assert (await api.get("/data?symbol=btc")).json()["meta"]["candidates"] is None, "three listings of one asset"
    told = (await api.get("/data?symbol=LINK&limit=1")).json()["meta"]["candidates"]
    assert [(one["asset"], one["rank"], one["sources"]) for one in told] == [
        ("chainlink", 12, ["coinpaprika", "coingecko"]), ("link-2", 900, ["coingecko"])
    ]  # fmt: skip


async def test_a_coin_is_looked_up_as_asset_first(api: httpx2.AsyncClient, market: Market) -> None:
    await market.post("coingecko", quoted("beta", "be", "Beta", "2", "2000"))
    await market.post("coinpaprika", quoted("beta", "x", "Other", "5", "1"), quoted("be-b", "be", "Beta", "2", "2000"))
    await market.settle()
    found = (await api.get("/data/beta")).json()
    assert (found["asset"], found["crypto_id"]) == ("beta", "be-b"), "the first source's listing of the asset"
    others = [(one["data_source"], one["crypto_id"], one["asset"]) for one in found["alternatives"]]
    assert others[0] == ("coingecko", "beta", "beta") and others[1][:2] == ("coinpaprika", "beta")
    assert (await api.get("/data/beta?source=coinpaprika")).json()["crypto_id"] == "be-b"


async def test_answers_are_kept_and_head_has_no_body(api: httpx2.AsyncClient, market: Market) -> None:
    await fill(market)
    paths = ("/assets", "/assets/bitcoin", "/assets/bitcoin/links", "/assets/bitcoin/price", "/disagreements",
             "/universe", "/suggestions", "/universe?as_of=2099-01-01")  # fmt: skip
    for path in paths:
        answer = await api.get(path)
        again = await api.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content, path
        head = await api.head(path)
        assert head.status_code == 200 and not head.content and head.headers["etag"] == answer.headers["etag"]
        assert answer.json()["request_id"] and list(answer.json())[-1] == "api_latency_ms"
        wrong = await api.get(f"{path}{'&' if '?' in path else '?'}colour=red")
        assert wrong.status_code == 422 and "colour" in wrong.json()["detail"]


async def test_all_endpoints_are_listed(api: httpx2.AsyncClient) -> None:
    listed = (await api.get("/")).json()["endpoints"].values()
    for path in ("/assets", "/universe", "/disagreements", "/suggestions"):
        assert path in listed and (await api.get(path)).status_code == 200


def _one_for_all(profiles: Iterable[Profile], *_: Any, **__: Any) -> Resolution:
    ids = [known.subject.listing_id for known in profiles]
    return Resolution({i: Link(i, "everything", Method.NAME, 1.0) for i in ids}, [], {})


def _one_for_each(profiles: Iterable[Profile], *_: Any, **__: Any) -> Resolution:
    ids = [known.subject.listing_id for known in profiles]
    return Resolution({i: Link(i, f"a{i}", Method.OWN, 1.0) for i in ids}, [], {})


async def _soundness(api: httpx2.AsyncClient) -> Mapping[str, bool]:
    """What must hold of a ledger with the same coins at several sources."""
    assets = (await api.get("/assets")).json()
    side_by_side = await api.get("/assets/bitcoin")
    listed = {one["source"] for one in side_by_side.json().get("data", ())}
    return {
        "sources stand side by side": listed == {"coinpaprika", "coingecko", "csv"},
        "no source is there twice": all(row["listings"] == len(row["sources"]) for row in assets["data"]),
        "a ticker is told apart": len((await api.get("/data?symbol=link")).json()["meta"]["candidates"] or ()) == 2,
        "a consensus is confirmed": (await api.get("/assets/bitcoin/price")).json().get("reason", "") is None,
    }


@pytest.mark.parametrize("shortcut", [None, _one_for_all, _one_for_each])
async def test_neither_one_asset_for_everything_nor_one_for_each_listing_would_do(
    api: httpx2.AsyncClient, market: Market, shortcut: Callable[..., Resolution] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shortcut is not None:
        monkeypatch.setattr(kasparro.ingest.identity, "resolve", shortcut)
    await fill(market)
    sound = await _soundness(api)
    assert all(sound.values()) is (shortcut is None), sound


async def test_three_sources_one_of_which_lies(api: httpx2.AsyncClient, market: Market) -> None:
    await market.post("coingecko", quoted("bitcoin", "btc", "Bitcoin", "100", "1000"))
    await market.post("coinpaprika", quoted("btc-bitcoin", "BTC", "Bitcoin", "101", "1010"))
    await market.post("csv", quoted("bitcoin", "BTC", "Bitcoin", "100.5", "1005"), dataset="prices")
    await market.settle()
    honest = exactly((await api.get("/assets/bitcoin/price")).text)
    assert honest["price_usd"] == "100.5" and honest["reason"] is None
    for later, lie in enumerate(("1e76", "1e-30", "0", "-7", "1000"), start=1):
        await market.post(
            "csv", quoted("bitcoin", "BTC", "Bitcoin", lie, lie, at=now(seconds=-later)), dataset="prices"
        )
        told = exactly((await api.get("/assets/bitcoin/price")).text)
        assert 100 <= float(told["price_usd"]) <= 101 and told["reason"] is None, lie
        stand = {one["source"]: one["stand"] for one in told["sources"]}
        assert stand["csv"] in ("outlier", "invalid") and stand["coingecko"] == stand["coinpaprika"] == "voted"
        [place] = (await api.get("/universe")).json()["data"]
        assert 100 <= place["price_usd"] <= 101 and 1000 <= place["market_cap_usd"] <= 1010
