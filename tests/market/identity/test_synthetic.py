"""A universe of 20,000 coins with 2,000 shared symbols, copies and bridged versions: nothing false, much found."""

import time
from collections import defaultdict

import pytest

from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Resolution
from kasparro.market.identity.resolve import resolve
from tests.market.identity.synthetic import Market, make_market

SOURCES = ("coinpaprika", "coingecko")


def judge(market: Market, links: dict[int, Link]) -> tuple[int, int, int]:
    """How many pairs of listings in one asset are false and true, and how many true ones there are."""
    listings = {s.listing_id: s for s in market.subjects}
    by_asset: dict[str, list[int]] = defaultdict(list)
    by_coin: dict[int, list[int]] = defaultdict(list)
    for i in listings:
        by_asset[links[i].asset].append(i)
        by_coin[market.truth[i]].append(i)
    pairs = [(a, b) for members in by_asset.values() for a in members for b in members if a < b]
    right = sum(market.truth[a] == market.truth[b] for a, b in pairs)
    return len(pairs) - right, right, sum(len(m) * (len(m) - 1) // 2 for m in by_coin.values())


def one_asset_for_everything(market: Market) -> dict[int, Link]:
    return {s.listing_id: Link(s.listing_id, "everything", Method.NAME, 1.0) for s in market.subjects}


def one_asset_per_listing(market: Market) -> dict[int, Link]:
    return {s.listing_id: Link(s.listing_id, str(s.listing_id), Method.OWN, 1.0) for s in market.subjects}


def passes(market: Market, links: dict[int, Link]) -> bool:
    false, right, all_true = judge(market, links)
    return false == 0 and right >= 0.85 * all_true


@pytest.mark.parametrize("seed", [1, 2])
def test_no_false_link_among_twenty_thousand_coins(seed: int) -> None:
    market = make_market(coins=20_000, shared_symbols=2_000, seed=seed)
    began = time.process_time()
    resolution: Resolution = resolve(market.subjects, ranking=SOURCES)
    seconds = time.process_time() - began
    false, right, all_true = judge(market, resolution.links)
    print(
        f"\nsynthetic market {seed}: {len(market.subjects)} listings, {false} false links, "
        f"recall {right / all_true:.4f} of {all_true}, {len(resolution.suggestions)} suggestions, {seconds:.1f} CPU s"
    )
    assert passes(market, resolution.links)


def test_the_wrong_shortcuts_fail() -> None:
    market = make_market(coins=500, shared_symbols=50, seed=3)
    assert not passes(market, one_asset_for_everything(market))
    assert not passes(market, one_asset_per_listing(market))


def test_a_flood_of_namesakes_is_not_compared_pair_by_pair() -> None:
    market = make_market(coins=10, shared_symbols=0, seed=4)
    first = market.subjects[0]
    flood = [
        type(first)(listing_id=i, source=source, coin_id=f"{source}-{i}", symbol="WETH", name="Wrapped Ether")
        for source, start in (("coinpaprika", 1_000), ("coingecko", 10_000))
        for i in range(start, start + 5_000)
    ]
    # Twenty-five million pairs would take minutes.
    resolution = resolve([*market.subjects, *flood])
    assert all(resolution.links[s.listing_id].method is Method.OWN for s in flood)
