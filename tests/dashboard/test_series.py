"""What a chart draws: bars as fine as the quotes are, gaps where some are missing, no more than can be told apart."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from kasparro.dashboard.series import gaps, reach, step_for
from kasparro.store.connection import Connection
from kasparro.store.series import Bar, ListingName, Rhythm, find_listing, read_bars, read_rhythm, read_trends
from tests.api.serving import app_of, running
from tests.api.several import Market, now, quoted
from tests.ingest.looking import Desk

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = ListingName("coingecko", "", "bitcoin")


def _bar(at: datetime) -> Bar:
    return Bar(starts_at=at, open=1, high=1, low=1, close=1, volume=None, quotes=1, quote_id=1, observed_at=at)


@pytest.mark.parametrize(
    ("length", "paces", "step"),
    [
        (timedelta(days=1), [timedelta(minutes=5)], timedelta(minutes=5)),
        (timedelta(days=1), [HOUR, timedelta(days=1)], HOUR),
        (timedelta(days=30), [timedelta(minutes=1)], 4 * HOUR),
        (timedelta(days=9000), [timedelta(days=1)], timedelta(days=30)),
        (timedelta(0), [], timedelta(minutes=1)),
    ],
)
def test_a_bar_is_as_long_as_range_and_pace_ask(length: timedelta, paces: list[timedelta], step: timedelta) -> None:
    assert step_for(length, paces) == step


def test_some_missing_quotes_are_a_gap_and_one_late_quote_is_none() -> None:
    bars = [_bar(NOON + hours * HOUR) for hours in (0, 1, 3, 4, 8)]
    assert gaps(bars, HOUR) == [(NOON + 4 * HOUR, NOON + 8 * HOUR)]
    assert gaps(bars[:1], HOUR) == gaps([], HOUR) == []


def test_all_reaches_from_the_first_quote_to_the_last() -> None:
    known = [Rhythm(NOON - 9 * HOUR, NOON, HOUR), Rhythm(NOON - 2 * HOUR, NOON + HOUR, HOUR)]
    assert reach(None, known, NOON + 5 * HOUR) == (NOON - 9 * HOUR, NOON + HOUR)
    assert reach(HOUR, known, NOON) == (NOON - HOUR, NOON)
    assert reach(None, [], NOON) == (NOON, NOON)


@pytest.fixture
async def market(connection: Connection, url: str) -> Market:
    """A ledger with three prices of one coin in an hour, one of them corrected, and one before."""
    made = Market(Desk(connection), url)
    for price, at in (("5", NOON - HOUR), ("1", NOON), ("9", NOON + HOUR / 4), ("4", NOON + HOUR / 2)):
        await made.post("coingecko", quoted("bitcoin", "btc", "Bitcoin", price, at=at.isoformat()))
    await made.post("coingecko", quoted("bitcoin", "btc", "Bitcoin", "8", at=(NOON + HOUR / 4).isoformat()))
    return made


async def test_bars_are_of_the_last_versions(market: Market, connection: Connection) -> None:
    listing = await find_listing(connection, NAME)
    assert listing is not None
    bars = await read_bars(connection, listing, start=NOON - HOUR, end=NOON + HOUR, step=HOUR)
    told = [(bar.starts_at, bar.open, bar.high, bar.low, bar.close, bar.quotes) for bar in bars]
    assert told == [(NOON - HOUR, 5, 5, 5, 5, 1), (NOON, 1, 8, 1, 4, 3)]
    assert bars[1].observed_at == NOON + HOUR / 2
    rhythm = await read_rhythm(connection, listing)
    assert rhythm == Rhythm(NOON - HOUR, NOON + HOUR / 2, HOUR / 4)


async def test_trends_come_in_the_order_asked_for(market: Market, connection: Connection) -> None:
    nobody = ListingName("csv", "", "bitcoin")
    assert await read_trends(connection, [nobody, NAME], most=3) == [[], [1, 8, 4]]
    assert await find_listing(connection, nobody) is None


async def test_a_chart_of_a_coin_that_nobody_quotes_is_empty(connection: Connection, url: str) -> None:
    market = Market(Desk(connection), url)
    await market.post(
        "coinpaprika", {"coin": "quiet-q", "symbol": "Q", "name": "Quiet", "active": True}, stream="coins"
    )
    await market.post("coingecko", quoted("loud", "L", "Loud", "2", at=now(days=40)))
    await market.settle()
    async with running(app_of(url)) as api:
        assert (await api.get("/dashboard/assets/quiet/series?range=all")).json()["series"] == []
        loud = (await api.get("/dashboard/assets/loud/series?range=24h")).json()["series"]
        assert [(one["crypto_id"], one["bars"]) for one in loud] == [("loud", [])]
        page: httpx2.Response = await api.get("/dashboard/assets/quiet")
        assert page.status_code == 200 and "nobody quotes it" in page.text
