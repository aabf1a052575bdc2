"""`/disagreements`: where sources contradict each other, price and market cap apart."""

from datetime import datetime

import httpx2

from tests.api.serving import exactly
from tests.api.several import Market, fill, now, quoted
from tests.api.test_pages import following
from tests.ingest.looking import Desk


async def test_price_and_market_cap_are_told_apart(api: httpx2.AsyncClient, desk: Desk, url: str) -> None:
    await fill(Market(desk, url))
    found = exactly((await api.get("/disagreements")).text)
    assert [(one["asset"], one["measure"], one["difference_percent"]) for one in found["data"]] == [
        ("chainlink", "market_cap_usd", "15.3846"), ("chainlink", "price_usd", "6.99001")
    ]  # fmt: skip
    price = found["data"][1]
    assert price["lowest"] | {"observed_at": ""} == {
        "source": "coinpaprika", "crypto_id": "link-chainlink", "value": "14.02", "observed_at": ""
    }  # fmt: skip
    assert (price["highest"]["source"], price["highest"]["value"], price["sources"]) == ("coingecko", "15", "2")
    assert datetime.fromisoformat(price["observed_at"])


async def test_thresholds_and_pages(api: httpx2.AsyncClient, desk: Desk, url: str) -> None:
    await fill(Market(desk, url))
    totals = {
        "min_price_percent=0": 3, "min_price_percent=0&min_market_cap_percent=0": 4, "min_price_percent=6.99001": 1,
        "min_price_percent=6.99&measure=price_usd": 1, "measure=market_cap_usd": 1, "min_price_percent=1e400": 1,
        "as_of=2020-01-01": 0, "as_of=2099-01-01": 2,
    }  # fmt: skip
    for asked, total in totals.items():
        answer = await api.get(f"/disagreements?{asked}")
        assert answer.json()["total"] == total == len(answer.json()["data"]), asked
    everything = "/disagreements?min_price_percent=0&min_market_cap_percent=0"
    whole = (await api.get(everything)).json()["data"]
    differences = [one["difference_percent"] for one in whole]
    assert differences == sorted(differences, reverse=True)
    walked, target = [], f"{everything}&limit=3"
    while target:
        answer = await api.get(target)
        walked += answer.json()["data"]
        target = following(answer) or ""
    assert walked == whole
    for wrong in ("min_price_percent=-1", "min_price_percent=x", "measure=volume", "limit=0"):
        assert (await api.get(f"/disagreements?{wrong}")).status_code == 422, wrong


async def test_stale_quotes_and_those_of_other_times_are_not_compared(
    api: httpx2.AsyncClient, desk: Desk, url: str
) -> None:
    market = Market(desk, url)
    await market.post("coingecko", quoted("alpha", "al", "Alpha", "1", at=now(minutes=1)))
    await market.post("coinpaprika", quoted("al-alpha", "al", "Alpha", "1.01", at=now(minutes=1)))
    await market.settle()
    asked = "/disagreements?min_price_percent=0"
    assert (await api.get(asked)).json()["total"] == 1
    await market.post("coingecko", quoted("alpha", "al", "Alpha", "2", at=now(minutes=-9)))
    await market.post("coinpaprika", quoted("al-alpha", "al", "Alpha", "1.02", at=now(minutes=0)))
    assert (await api.get(asked)).json()["total"] == 1
    await market.post("coingecko", quoted("beta", "be", "Beta", "2", at=now(hours=3)))
    await market.post("coinpaprika", quoted("be-beta", "be", "Beta", "2.5", at=now(hours=3)))
    await market.settle()
    assert {one["asset"] for one in (await api.get(asked)).json()["data"]} == {"alpha"}
