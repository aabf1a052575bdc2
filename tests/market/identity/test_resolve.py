"""The rules, one by one: what links, what doesn't, and what a person is asked."""

from datetime import timedelta

import msgspec
import pytest

from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Pair, Resolution, Verdict
from kasparro.market.identity.resolve import resolve
from kasparro.market.identity.subject import Subject
from tests.market.identity.makers import ADDRESS, NOON, OTHER_ADDRESS, gecko, paprika, together

BITCOIN = paprika("btc-bitcoin", "BTC", "Bitcoin", rank=1), gecko("bitcoin", "btc", "Bitcoin", rank=1)
GOOD = {"price_usd": 100.0, "market_cap_usd": 1e9, "rank": 50}


def method(resolution: Resolution, subject: Subject) -> Method:
    return resolution.links[subject.listing_id].method


def test_bitcoin_is_bitcoin_and_every_link_can_be_checked() -> None:
    resolution = resolve(BITCOIN)
    for listing in BITCOIN:
        link = resolution.links[listing.listing_id]
        assert (link.asset, link.method) == ("bitcoin", Method.NAME)
        assert 0 < link.confidence <= 1
        assert "coinpaprika btc-bitcoin (BTC, Bitcoin)" in link.evidence["listings"]
        assert link.evidence["candidates"] == 1
        assert msgspec.json.decode(msgspec.json.encode(link.evidence)) == link.evidence


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        (("adx-adex", "ADX", "AdEx"), ("adex", "adx", "Ambire AdEx"), Method.PROVIDER_ID),
        (("bnb-binance-coin", "BNB", "Binance Coin"), ("binancecoin", "bnb", "BNB"), Method.PROVIDER_ID),
        (("atom-cosmos", "ATOM", "Cosmos"), ("cosmos", "atom", "Cosmos Hub"), Method.NAME),
        (("crv-curve", "CRV", "Curve DAO Token"), ("curve-dao-token", "crv", "Curve DAO"), Method.NAME),
        (("peeps-the-people", "PEEPS", "The People’s Còin"), ("peeps", "$peeps", "the peoples coin"), Method.NAME),
        (("ankr-ankr-network", "ANKR", "Ankr"), ("ankr", "ankr", "Ankr Network"), Method.NAME),
        (("egld-elrond", "EGLD", "Elrond"), ("elrond-erd-2", "egld", "MultiversX"), Method.PROVIDER_ID),
        (("zel-zelcash", "FLUX", "Flux"), ("zelcash", "flux", "Flux"), Method.NAME),
        (("flux-zelcash", "ZEL", "Zelcash"), ("zelcash", "flux", "Zelcash"), Method.FORMER_NAME),
    ],
)  # fmt: skip
def test_names_that_mean_the_same_link(one: tuple[str, str, str], other: tuple[str, str, str], how: Method) -> None:
    a, b = paprika(*one), gecko(*other)
    resolution = resolve([a, b])
    assert together(resolution, a, b)
    assert method(resolution, a) is how


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("btc-bitcoin", "BTC", "Bitcoin"), ("batcoin", "btc", "Batcoin")),
        (("dark-darkcoin", "DARK", "Darkcoin"), ("dark-protocol", "dark", "Dark Protocol")),
        (("silk-silkchain", "SILK", "SilkChain"), ("silk-shade", "silk", "Silk")),
        (("edu-educoin", "EDU", "EduCoin"), ("edu-coin", "edu", "Open Campus")),
        (("eth-ethereum", "ETH", "Ethereum"), ("bridged-ethereum", "eth", "Bridged Ethereum (Wormhole)")),
        (("loom-loom", "LOOM", "Loom Network"), ("loom-network", "loom", "Loom Network (OLD)")),
        (("oxd-0xdao", "OXD", "0xDAO"), ("0xdao-v2", "oxd", "0xDAO V2")),
        (("bttc-bittorrent-chain", "BTTC", "BitTorrent"), ("bittorrent", "btt", "BitTorrent")),
    ],
)
def test_likeness_is_not_enough(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    a, b = paprika(*one), gecko(*other)
    assert not together(resolve([a, b]), a, b)


def test_an_address_links_whatever_the_names() -> None:
    a = paprika("old-name", "OLD", "Old Name", addresses=(("eth-ethereum", ADDRESS.upper().replace("X", "x")),))
    b = gecko("new-name", "new", "Something Else", addresses=(("ethereum", ADDRESS),))
    resolution = resolve([a, b])
    assert together(resolution, a, b)
    assert resolution.links[a.listing_id].method is Method.ADDRESS
    assert resolution.links[a.listing_id].evidence["addresses"] == [f"ethereum:{ADDRESS}"]


def test_the_same_address_on_another_chain_only_supports_a_name() -> None:
    a = paprika("aaa-alpha", "AAA", "Alpha", addresses=(("bnb-binance-coin", ADDRESS),))
    other_name = gecko("beta", "bbb", "Beta", addresses=(("ethereum", ADDRESS),))
    same_name = gecko("alpha", "aaa", "Alpha", addresses=(("ethereum", ADDRESS),))
    assert not together(resolve([a, other_name]), a, other_name)
    resolution = resolve([a, other_name, same_name])
    assert together(resolution, a, same_name)
    assert "other chains" in resolution.links[a.listing_id].evidence["note"]


def test_addresses_that_differ_forbid_a_link_by_name() -> None:
    a = paprika("aaa-alpha", "AAA", "Alpha", addresses=(("eth-ethereum", ADDRESS),))
    b = gecko("alpha", "aaa", "Alpha", addresses=(("ethereum", OTHER_ADDRESS),))
    resolution = resolve([a, b])
    assert not together(resolution, a, b)
    assert [s.reason for s in resolution.suggestions] == ["their addresses on ethereum differ"]


def test_a_coin_that_lists_its_bridged_versions_address_stays_itself() -> None:
    a = paprika("xrp-xrp", "XRP", "XRP", addresses=(("bnb-binance-coin", ADDRESS),))
    coin = gecko("ripple", "xrp", "XRP")
    peg = gecko("binance-peg-xrp", "xrp", "Binance-Peg XRP", addresses=(("binance-smart-chain", ADDRESS),))
    resolution = resolve([a, coin, peg])
    assert together(resolution, a, coin)
    assert not together(resolution, a, peg)
    assert "shares an address with" in resolution.links[a.listing_id].evidence["conflicts"][0]


def test_an_address_beats_a_name() -> None:
    a = paprika("btt-bittorrent", "BTT", "BitTorrent", addresses=(("bnb-binance-coin", ADDRESS),))
    newer = paprika("bttc-bittorrent-chain", "BTTC", "BitTorrent", addresses=(("bnb-binance-coin", OTHER_ADDRESS),))
    old = gecko("bittorrent-old", "bttold", "BitTorrent [OLD]", addresses=(("binance-smart-chain", ADDRESS),))
    new = gecko("bittorrent", "btt", "BitTorrent")
    resolution = resolve([a, newer, old, new])
    assert together(resolution, a, old)
    assert not together(resolution, a, new)


def test_an_old_coins_address_proves_nothing_while_the_other_source_knows_one_version_only() -> None:
    a = paprika("zombie-inu", "ZINU", "Zombie Inu", addresses=(("bnb-binance-coin", ADDRESS),))
    old = gecko("zombie-inu", "zinu", "Zombie Inu (OLD)", addresses=(("binance-smart-chain", ADDRESS),))
    resolution = resolve([a, old])
    assert not together(resolution, a, old)
    assert len(resolution.suggestions) == 1


@pytest.mark.parametrize(
    ("active", "beside", "proven"),
    [(True, (), True), (None, (), False), (False, (), True), (True, (OTHER_ADDRESS,), False)],
    ids=["it is active", "nobody says whether", "it is dead as well", "it has both addresses"],
)
def test_an_old_coins_address_proves_it_where_its_own_source_lists_the_new_one_by_another(
    active: bool | None, beside: tuple[str, ...], proven: bool
) -> None:
    addresses = tuple(("bnb-binance-coin", address) for address in (ADDRESS, *beside))
    a = paprika("zinu-zombie-inu", "ZINU", "Zombie Inu", active=active, addresses=addresses)
    old = gecko("zombie-inu", "zinu", "Zombie Inu (OLD)", addresses=(("binance-smart-chain", ADDRESS),))
    new = gecko("zombie-inu-2", "zinu", "Zombie Inu", addresses=(("binance-smart-chain", OTHER_ADDRESS),))
    resolution = resolve([a, old, new])
    assert together(resolution, a, old) is proven
    assert together(resolution, a, new) is bool(beside), "never by its name"


def test_namesakes_are_ambiguous_and_a_person_is_asked() -> None:
    a = paprika("aaa-alpha-coin", "AAA", "Alpha")
    twins = [gecko("alpha-one", "aaa", "Alpha"), gecko("alpha-two", "aaa", "Alpha")]
    resolution = resolve([a, *twins])
    assert len({link.asset for link in resolution.links.values()}) == 3
    assert len(resolution.suggestions) == 2
    assert all(s.reason.startswith("ambiguous") for s in resolution.suggestions)


def test_two_copies_are_not_linked_for_being_left_over() -> None:
    real = paprika("aaa-alpha", "AAA", "Alpha"), gecko("alpha", "aaa", "Alpha")
    copies = paprika("aaa-alpha-world", "AAA", "Alpha"), gecko("alpha-moon", "aaa", "Alpha")
    resolution = resolve([*real, *copies])
    assert together(resolution, *real)
    assert not together(resolution, *copies)
    assert not together(resolution, real[0], copies[1])


def test_the_market_tells_a_coin_from_its_copy_with_a_copied_price() -> None:
    a = paprika("aaa-alpha-x", "AAA", "Alpha", **GOOD)
    real = gecko("alpha-network", "aaa", "Alpha", **GOOD)
    copy = gecko("alpha", "aaa", "Alpha", price_usd=100.0)
    resolution = resolve([a, real, copy])
    assert together(resolution, a, real)
    assert not together(resolution, a, copy)
    assert not together(resolve([a, copy]), a, copy), "not even when the real one is missing"


@pytest.mark.parametrize(
    ("more", "linked"),
    [
        ({"price_usd": 101.0, "market_cap_usd": 1.2e9}, True),
        ({"price_usd": 220.0, "market_cap_usd": 1e9}, False),
        ({"price_usd": 100.0, "market_cap_usd": 2e7}, False),
        ({"price_usd": 220.0, "market_cap_usd": 1e9, "observed_at": NOON - timedelta(days=3)}, True),
    ],
)
def test_prices_of_the_same_time_can_forbid_a_name(more: dict[str, object], linked: bool) -> None:
    a, b = paprika("aaa-alpha", "AAA", "Alpha", **GOOD), gecko("alpha", "aaa", "Alpha", **more)
    resolution = resolve([a, b])
    assert together(resolution, a, b) is linked
    assert len(resolution.suggestions) == (0 if linked else 1)


def test_a_dead_coin_needs_more_than_its_name() -> None:
    dead = paprika("cat-catcoin", "CAT", "Catcoin", active=False)
    young = gecko("catcoin-cash", "cat", "Catcoin", active=True)
    assert not together(resolve([dead, young]), dead, young)
    same = gecko("catcoin", "cat", "Catcoin", active=True)
    assert together(resolve([dead, same]), dead, same)


def test_a_name_that_another_coin_took_over() -> None:
    a = paprika("luna-terra", "LUNA", "Terra", rank=10)
    fallen = gecko("terra-luna", "lunc", "Terra Luna Classic")
    risen = gecko("terra-luna-2", "luna", "Terra")
    resolution = resolve([a, fallen, risen])
    assert len({link.asset for link in resolution.links.values()}) == 3


def test_former_names_link_and_todays_come_first() -> None:
    a = paprika("stack-stackos", "STACK", "StackOS")
    b = gecko("stackos-two", "sfx", "Stack Foo", former=(("stack", "StackOS"),))
    resolution = resolve([a, b])
    assert together(resolution, a, b)
    assert method(resolution, a) is Method.FORMER_NAME
    taker = gecko("stackos-three", "stack", "StackOS")
    resolution = resolve([a, b, taker])
    assert not together(resolution, a, b)


def test_two_listings_of_a_source_are_one_coin_only_when_proven() -> None:
    addresses = (("eth-ethereum", ADDRESS),)
    gone = paprika("pax-paxos-standard-token", "PAX", "Paxos Standard", addresses=addresses, active=False)
    here = paprika("usdp-paxos-standard-token", "USDP", "Pax Dollar", addresses=addresses, active=True)
    b = gecko("paxos-standard", "usdp", "Pax Dollar", addresses=(("ethereum", ADDRESS),))
    resolution = resolve([gone, here, b])
    assert together(resolution, gone, here, b)
    assert method(resolution, gone) is Method.SUCCESSOR
    both = msgspec.structs.replace(gone, active=True)
    resolution = resolve([both, here, b])
    assert together(resolution, here, b)
    assert not together(resolution, both, here)


def test_curated_pairs_and_verdicts() -> None:
    a, b = paprika("aaa-alpha", "AAA", "Alpha"), gecko("omega", "ooo", "Omega")
    pair = Pair(("coinpaprika", "aaa-alpha"), ("coingecko", "omega"), "renamed twice")
    resolution = resolve([a, b], curated=[pair])
    assert together(resolution, a, b)
    assert (method(resolution, a), resolution.links[a.listing_id].confidence) == (Method.CURATED, 1.0)
    assert method(resolve([a, b], verdicts=[Verdict(a.listing_id, b.listing_id, True)]), a) is Method.PERSON
    different = Verdict(b.listing_id, a.listing_id, False)
    assert not together(resolve([a, b], curated=[pair], verdicts=[different]), a, b)


def test_what_a_person_decided_is_not_asked_again() -> None:
    a, b = BITCOIN
    resolution = resolve(BITCOIN, verdicts=[Verdict(b.listing_id, a.listing_id, False)])
    assert not together(resolution, a, b)
    assert resolution.suggestions == []


def test_a_link_stays_when_its_evidence_fades_but_not_against_an_address() -> None:
    a, b = paprika("aaa-alpha", "AAA", "Alpha"), gecko("alpha", "aaa", "Alpha")
    held = resolve([a, b]).links
    renamed = msgspec.structs.replace(b, symbol="zzz", name="Zeta", former=())
    copy = gecko("alpha-copy", "aaa", "Alpha")
    resolution = resolve([a, renamed, copy], held)
    assert together(resolution, a, renamed)
    assert "kept" in resolution.links[a.listing_id].evidence
    proven = msgspec.structs.replace(renamed, addresses=(("ethereum", ADDRESS),))
    moved = msgspec.structs.replace(a, addresses=(("ethereum", OTHER_ADDRESS),))
    assert not together(resolve([moved, proven, copy], held), moved, proven)


def test_a_curated_link_goes_with_its_pair() -> None:
    a, b = paprika("aaa-alpha", "AAA", "Alpha"), gecko("omega", "ooo", "Omega")
    held = resolve([a, b], curated=[Pair(("coinpaprika", "aaa-alpha"), ("coingecko", "omega"))]).links
    after = resolve([a, b], held).links
    assert after[a.listing_id].asset != after[b.listing_id].asset
    assert after[b.listing_id].asset == "omega"


def test_slugs_are_unique_and_kept() -> None:
    scam = paprika("btc-bitcoin-scam", "BTCS", "Bitcoin")
    alone = resolve([scam, BITCOIN[0]]).links
    assert alone[BITCOIN[0].listing_id].asset == "bitcoin"
    assert alone[scam.listing_id].asset == "btc-bitcoin-scam"
    later = resolve([scam, *BITCOIN], alone).links
    assert {later[s.listing_id].asset for s in BITCOIN} == {"bitcoin"}
    assert later[scam.listing_id].asset == "btc-bitcoin-scam"


def test_an_asset_keeps_its_slug_when_another_source_joins_or_the_coin_is_renamed() -> None:
    a = paprika("egld-elrond", "EGLD", "Elrond", rank=40)
    held: dict[int, Link] = resolve([a]).links
    assert held[a.listing_id].asset == "elrond"
    b = gecko("elrond-erd-2", "egld", "MultiversX")
    a = msgspec.structs.replace(a, name="MultiversX", former=(("EGLD", "Elrond"),))
    links = resolve([a, b], held).links
    assert {links[a.listing_id].asset, links[b.listing_id].asset} == {"elrond"}


def test_slugs_in_use_elsewhere_are_not_given_again() -> None:
    a = gecko("bitcoin", "btc", "Bitcoin")
    assert resolve([a], taken={"bitcoin"}).links[a.listing_id].asset == "bitcoin-coingecko"


def test_the_order_of_listings_does_not_matter() -> None:
    listings = [*BITCOIN, paprika("aaa-alpha", "AAA", "Alpha"), gecko("alpha", "aaa", "Alpha"), gecko("x", "x", "X")]
    assert resolve(listings) == resolve(listings[::-1])
