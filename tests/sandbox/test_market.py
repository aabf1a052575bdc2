"""The synthetic market: deterministic, shared by both providers, and as awkward as the real one."""

from collections import Counter
from dataclasses import replace

import pytest

from kasparro.sandbox.coins import Universe, build
from kasparro.sandbox.market import Market, Side

NOW = 1_781_518_830
TICK = NOW // 60 * 60


@pytest.fixture(scope="module")
def universe() -> Universe:
    return build(seed=7, gecko_count=2_000, paprika_count=2_500)


@pytest.fixture(scope="module")
def market(universe: Universe) -> Market:
    return Market(7, universe, 60)


def test_a_seed_is_a_universe() -> None:
    assert build(3, 50, 60) == build(3, 50, 60)
    assert build(3, 50, 60) != build(4, 50, 60)


def test_counts_are_kept_and_ids_are_unique(universe: Universe) -> None:
    assert len(universe.gecko) == 2_000
    assert len(universe.paprika) == 2_500
    gecko_ids = [coin.gecko.id for coin in (*universe.gecko, *universe.gecko_gone) if coin.gecko]
    paprika_ids = [coin.paprika.id for coin in (*universe.paprika, *universe.paprika_gone) if coin.paprika]
    assert len(set(gecko_ids)) == len(gecko_ids)
    assert len(set(paprika_ids)) == len(paprika_ids)


def test_a_larger_universe_begins_with_the_smaller_one() -> None:
    small, large = build(5, 40, 40), build(5, 80, 80)

    def bare(universe: Universe) -> list[object]:
        return [replace(coin, gecko=None, paprika=None) for coin in universe.coins]

    assert bare(large)[: len(small.coins)] == bare(small)


def test_most_coins_are_on_both_sides_and_some_on_one(universe: Universe) -> None:
    sides = Counter((coin.gecko is not None, coin.paprika is not None) for coin in universe.coins[:1_500])
    assert sides[True, True] > 1_000
    assert sides[True, False] > 50
    assert sides[False, True] > 50


def test_symbols_are_shared_and_names_differ_between_the_sides(universe: Universe) -> None:
    symbols = Counter(coin.gecko.symbol for coin in universe.gecko if coin.gecko)
    assert symbols["usdt"] > 3
    both = [coin for coin in universe.coins if coin.gecko and coin.paprika]
    renamed = [coin for coin in both if coin.gecko and coin.paprika and coin.gecko.name != coin.paprika.name]
    assert 0.05 < len(renamed) / len(both) < 0.25
    assert any(coin.gecko and not coin.gecko.name.isascii() for coin in universe.coins)


def test_the_edges_of_what_was_ever_seen_are_there(universe: Universe, market: Market) -> None:
    prices = [market.price(coin, NOW) for coin in universe.coins]
    assert min(prices) < 1e-13
    assert max(prices) > 1e13
    assert max(coin.total for coin in universe.coins) == 1e76
    assert any(coin.circulating == 0.0 for coin in universe.coins)


def test_both_providers_quote_nearly_the_same_price_at_the_same_moment(universe: Universe, market: Market) -> None:
    for coin in universe.coins[:500]:
        true = market.price(coin, NOW)
        for side in Side:
            assert market.quoted(coin, side, NOW) == pytest.approx(true, rel=0.0011)


def test_prices_stay_between_their_high_and_low_and_move(universe: Universe, market: Market) -> None:
    for coin in universe.coins[:100]:
        path = [market.price(coin, NOW + hour * 3_600) for hour in range(48)]
        high, low = market.high_and_low(coin)
        assert low < min(path) < max(path) < high


def test_ranks_follow_caps_and_shift_slowly(market: Market) -> None:
    now, soon, later = (market.ranking(Side.GECKO, TICK + days * 86_400) for days in (0, 1, 60))
    caps = [coin.circulating * market.price(coin, TICK) for coin in now.coins]
    assert caps == sorted(caps, reverse=True)
    order = [coin.index for coin in now.coins]
    assert order != [coin.index for coin in soon.coins]
    moved = [abs(now.rank[index] - later.rank[index]) for index in now.rank]
    assert 0 < sum(moved) / len(moved) < 400


def test_a_coin_of_unknown_supply_has_no_rank_and_comes_last(market: Market) -> None:
    ranking = market.ranking(Side.GECKO, TICK)
    unknown = [coin for coin in ranking.coins if coin.circulating == 0.0]
    assert unknown
    assert list(ranking.coins[-len(unknown) :]) == unknown
    assert not ranking.rank.keys() & {coin.index for coin in unknown}


def test_some_coins_are_hours_old_and_most_are_seconds_old(market: Market, universe: Universe) -> None:
    ages = [TICK - market.seen(coin, Side.GECKO, TICK) for coin in universe.gecko]
    assert all(0 <= age <= 10 * 3_600 for age in ages)
    assert 0 < sum(age > 600 for age in ages) < len(ages) / 20
    assert len(set(ages)) > 1_000


def test_a_market_of_fifty_thousand_coins_builds_and_ranks() -> None:
    universe = build(1, 50_000, 50_000)
    ranking = Market(1, universe, 60).ranking(Side.PAPRIKA, TICK)
    assert len(universe.gecko) == len(ranking.coins) == 50_000
