"""The past as it was known, links and rankings included: random lives of a ledger against a plain replay of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2
from hypothesis import given, settings

from kasparro.postgres.sharing import Server
from kasparro.store.connection import connect
from kasparro.store.identity.session import identity_session
from kasparro.store.identity.verdicts import add_verdict, list_verdicts, withdraw_verdict
from kasparro.store.staging import create_staging
from tests.api.happenings import Happening, Listed, Listing, Page, Replay, Said, Shown, lives, ranking
from tests.api.serving import app_of, exactly, running
from tests.api.several import Market
from tests.ingest.commands import fresh_ledger
from tests.ingest.looking import Desk, known_at, rows
from tests.ingest.scripted import record

_LINKS = "SELECT l.source, l.source_coin_id, a.slug FROM listings l JOIN assets a USING (asset_id)"
_CHANCE = ("request_id", "api_latency_ms")


class Known(NamedTuple):
    """What was known at a moment, and how each path was answered then."""

    at: datetime
    shown: dict[Listing, Shown]
    links: dict[Listing, str]
    answers: dict[str, Any]


async def _happen(market: Market, happening: Happening, present: datetime) -> None:
    match happening:
        case Page(source, quotes):
            await market.post(source, *(
                record(coin, price, (present - timedelta(minutes=minutes)).isoformat(), market_cap_usd=cap,
                       symbol=symbol, name=name)
                for coin, minutes, price, cap, symbol, name in quotes
            ))  # fmt: skip
        case Listed(source, coin, symbol, name, active):
            listed = {"coin": coin, "symbol": symbol, "name": name, "active": active}
            await market.post(source, listed, stream="coins")
        case Said():
            await asyncio.to_thread(_say, market.url, happening)
            await market.settle()
        case _:
            await market.settle()


def _say(url: str, said: Said) -> None:
    """Remember what a person says."""
    with identity_session(url) as session:
        found = session.execute("SELECT source, source_coin_id, listing_id FROM listings")
        ids = {(source, coin): listing for source, coin, listing in found}
        if said.same is None:
            standing = [kept.verdict_id for kept in list_verdicts(session) if kept.withdrawn_at is None]
            if standing:
                withdraw_verdict(session, standing[0])
        elif said.one in ids and said.other in ids:
            add_verdict(session, ids[said.one], ids[said.other], same=said.same, note="")


async def _asked(api: httpx2.AsyncClient, path: str, at: datetime | None = None) -> Any:
    moment = "" if at is None else f"{'&' if '?' in path else '?'}as_of={quote(at.isoformat())}"
    answer = await api.get(path + moment)
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in exactly(answer.text).items() if name not in _CHANCE}


async def _answers(api: httpx2.AsyncClient, known: Known, at: datetime | None) -> dict[str, Any]:
    """The answers at that moment, compared with what was known."""
    paths = ["/data?limit=100", "/universe", "/assets?sort_by=asset", "/disagreements?min_price_percent=0"]
    for asset in sorted(set(known.links.values())):
        paths += [f"/assets/{asset}", f"/assets/{asset}/price", f"/assets/{asset}/links?limit=100"]
    found = {path: await _asked(api, path, at) for path in paths}
    assert _rows(found["/data?limit=100"]) == {
        listing: (one.quote.price, one.quote.cap, one.symbol, one.name, one.asset)
        for listing, one in known.shown.items()
    }
    places = ranking(known.shown, known.at)
    assert places == [
        (one["asset"], _number(one["market_cap_usd"]), _number(one["price_usd"])) for one in found["/universe"]["data"]
    ]
    members: dict[str, set[Listing]] = {}
    for listing, asset in known.links.items():
        members.setdefault(asset, set()).add(listing)
    listed = {one["asset"]: int(one["listings"]) for one in found["/assets?sort_by=asset"]["data"]}
    assert listed == {asset: len(listings) for asset, listings in members.items()}
    prices = {asset: price for asset, _, price in places}
    for asset, listings in members.items():
        assert {(one["source"], one["crypto_id"]) for one in found[f"/assets/{asset}"]["data"]} == listings
        assert _number(found[f"/assets/{asset}/price"]["price_usd"]) == prices.get(asset)
        standing = [one for one in found[f"/assets/{asset}/links?limit=100"]["data"] if one["until"] is None]
        assert {(one["source"], one["crypto_id"]) for one in standing if one["asset"] == asset} == listings
    return found


def _number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _rows(found: dict[str, Any]) -> dict[Listing, Any]:
    return {
        (row["data_source"], row["crypto_id"]): (
            _number(row["price_usd"]), _number(row["market_cap_usd"]), row["symbol"], row["crypto_name"], row["asset"],
        )
        for row in found["data"]
    }  # fmt: skip


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(life=lives())
def test_every_moment_is_as_a_plain_replay_says_and_stays_so(
    server: Server, template: str, life: list[Happening]
) -> None:
    with fresh_ledger(server, template) as url:
        asyncio.run(_live(url, life))


async def _live(url: str, life: list[Happening]) -> None:
    connection = await connect(url)
    await create_staging(connection)
    market, present = Market(Desk(connection), url), datetime.now(UTC)
    replay, moments = Replay(present), list[Known]()
    async with running(app_of(url)) as api:
        for happening in life:
            await _happen(market, happening, present)
            if isinstance(happening, Page):
                replay.page(happening)
            replay.links = {(source, coin): asset for source, coin, asset in await rows(connection, _LINKS)}
            known = Known(await known_at(connection), replay.shown(), dict(replay.links), {})
            await _answers(api, known, None)
            moments.append(known._replace(answers=await _answers(api, known, known.at)))
    async with running(app_of(url)) as later:
        for known in moments:
            assert await _answers(later, known, known.at) == known.answers, "the past has changed"
            just_before = known.at - timedelta(microseconds=1)
            then = [one for one in moments if one.at <= just_before]
            nothing = Known(just_before, {}, {}, {})
            await _answers(later, then[-1]._replace(at=just_before) if then else nothing, just_before)
    await connection.close()
