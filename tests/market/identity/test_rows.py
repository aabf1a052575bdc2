"""Rows of files: linked by what they declare, or left alone with the reason."""

import pytest

from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Verdict
from kasparro.market.identity.resolve import resolve
from kasparro.market.identity.subject import Subject
from tests.market.identity.makers import ADDRESS, gecko, paprika, row

WORLD = [
    paprika("btc-bitcoin", "BTC", "Bitcoin", rank=1, active=True, price_usd=60_000.0),
    gecko("bitcoin", "btc", "Bitcoin", rank=1, active=True, price_usd=60_100.0),
    gecko("bitcoin-scam", "btc", "Bitcoin Moon", active=True),
    gecko("luna-one", "luna", "Luna One", rank=300, active=True),
    gecko("luna-two", "luna", "Luna Two", rank=90, active=True),
    gecko("quiet", "qqq", "Quiet", active=True, addresses=(("ethereum", ADDRESS),)),
    gecko("gone", "gone", "Gone Coin", rank=900, active=False),
    gecko("uma", "uma", "UMA", rank=200, active=True),
]


@pytest.mark.parametrize(
    ("listing", "asset", "how"),
    [
        (row("BTC", "BTC"), "bitcoin", Method.SYMBOL),
        (row("BTC", "BTC", "Bitcoin"), "bitcoin", Method.DECLARED_NAME),
        (row("bitcoin", "BTC", "Bitcoin"), "bitcoin", Method.DECLARED_ID),
        (row("Bitcoin", "", "Bitcoin"), "bitcoin", Method.DECLARED_ID),
        (row("btc-bitcoin"), "bitcoin", Method.DECLARED_ID),
        (row("x", "QQQ", addresses=(("ERC-20", ADDRESS),)), "quiet", Method.DECLARED_ADDRESS),
        (row("uma", "UMA"), "uma", Method.SYMBOL),
        (row("LUNA", "LUNA", "Luna Two"), "luna-two", Method.DECLARED_NAME),
    ],
)
def test_rows_link_by_what_they_declare(listing: Subject, asset: str, how: Method) -> None:
    resolution = resolve([*WORLD, listing])
    link = resolution.links[listing.listing_id]
    assert (link.asset, link.method) == (asset, how)
    assert resolution.unlinked == {}


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        (row("LUNA", "LUNA"), "ambiguous symbol: 2 active candidates, luna-one, luna-two"),
        (row("QQQ", "QQQ"), "no coin of rank has the symbol QQQ"),
        (row("GONE", "GONE"), "no coin of rank has the symbol GONE"),
        (row("bitcoin", "DOGE"), "the id bitcoin is that of BTC, but the symbol is DOGE"),
        (row("BTC", "BTC", "Batcoin"), "the symbol is that of bitcoin, but the name is Batcoin"),
        (row("BTC", "BTC", price_usd=3.0), "its price or market cap is far from that of bitcoin"),
        (row("1", ""), "no coin of rank has the symbol (none)"),
    ],
)
def test_rows_that_stay_alone_say_why(listing: Subject, reason: str) -> None:
    resolution = resolve([*WORLD, listing])
    assert resolution.unlinked == {listing.listing_id: reason}
    link = resolution.links[listing.listing_id]
    assert link.method is Method.OWN
    assert link.asset.startswith("csv-prices-csv")


def test_several_rows_of_one_coin_are_in_one_asset_and_join_nothing() -> None:
    rows = [row("BTC", "BTC", dataset=f"{i}.csv") for i in range(3)]
    links = resolve([*WORLD, *rows]).links
    assert {links[r.listing_id].asset for r in rows} == {"bitcoin"}
    one, other = gecko("alpha", "aaa", "Alpha", addresses=(("ethereum", ADDRESS),)), paprika("zzz-zeta", "ZZZ", "Zeta")
    bridge = row("zzz-zeta", "ZZZ", addresses=(("ethereum", ADDRESS),))
    links = resolve([one, other, bridge]).links
    assert links[one.listing_id].asset != links[other.listing_id].asset == "zeta"
    assert links[bridge.listing_id].asset == "alpha"


def test_a_row_stays_when_its_symbol_becomes_ambiguous() -> None:
    listing = row("BTC", "BTC")
    held = resolve([*WORLD, listing]).links
    rival = gecko("bitcoin-rival", "btc", "Bitcoin Rival", rank=800, active=True)
    link = resolve([*WORLD, rival, listing], held).links[listing.listing_id]
    assert link.asset == "bitcoin"
    assert "ambiguous" in link.evidence["note"]


def test_people_decide_of_rows_too() -> None:
    listing = row("LUNA", "LUNA")
    luna = next(s for s in WORLD if s.coin_id == "luna-two")
    said = resolve([*WORLD, listing], verdicts=[Verdict(luna.listing_id, listing.listing_id, True)])
    assert said.links[listing.listing_id].asset == "luna-two"
    other = next(s for s in WORLD if s.coin_id == "luna-one")
    both = [Verdict(known.listing_id, listing.listing_id, True) for known in (other, luna)]
    for verdicts in (both, both[::-1]):
        known = resolve([*WORLD, listing], verdicts=verdicts).links[listing.listing_id]
        assert known.asset == min((other, luna), key=lambda s: s.listing_id).coin_id
    bitcoin = row("BTC", "BTC")
    denied = resolve([*WORLD, bitcoin], verdicts=[Verdict(WORLD[0].listing_id, bitcoin.listing_id, False)])
    assert denied.unlinked == {bitcoin.listing_id: "a person told it apart from bitcoin"}
