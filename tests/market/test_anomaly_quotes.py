"""Odd quotes: planted faults are found, and a market that is merely wild is left alone."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasparro.market.anomaly.anomaly import LASTING, Anomaly, Kind, Severity, duration, number
from kasparro.market.anomaly.history import DAY, Floats, History
from kasparro.market.anomaly.page import QuotePage
from kasparro.market.anomaly.quotes import quote_anomalies
from tests.market.simulated_market import HOUR, NOW, alone, changed, frozen, market

LISTINGS = 20_000
JUMPS = {Kind.JUMP, Kind.LONE_PRICE}
NAN = float("nan")


def one(past: list[float], *, others: tuple[float, ...] = (), step: float = HOUR, **values: float) -> QuotePage:
    """The quote of one listing, after prices `step` seconds apart; the other sources looked at the same moment."""
    columns: dict[str, Any] = dict.fromkeys(
        ("price", "market_cap", "change_24h_percent", "circulating_supply", "total_supply", "max_supply"), NAN
    )
    columns |= {"observed_at": NOW, "fetched_at": NOW + 60} | values
    times = [NOW - step * (len(past) - at) for at in range(len(past))]
    return QuotePage(
        subjects=["coingecko/bitcoin"],
        history=History.of(1, [0] * len(past), times, past),
        other_prices=np.array([others]),
        other_times=np.full((1, len(others)), NOW),
        **{name: np.array([value]) for name, value in columns.items()},
    )


def found(page: QuotePage) -> dict[Kind, Anomaly]:
    return {each.kind: each for each in quote_anomalies(page)}


WALK = [100 * 1.01 ** (at % 3) for at in range(30)]
"""A past in which the price moves by one or two percent an hour."""


def test_a_jump_against_its_own_history() -> None:
    odd = found(one(WALK, price=1000))
    assert odd.keys() == {Kind.JUMP}
    assert odd[Kind.JUMP].severity is Severity.WARNING
    assert odd[Kind.JUMP].reason == "the price went from 102 to 1000 (x 9.803) in 60 min, where 1.49% are usual"
    assert odd[Kind.JUMP].subject == "coingecko/bitcoin"
    assert odd[Kind.JUMP].evidence["volatility_day_percent"] == pytest.approx(7.23, abs=0.01)
    assert found(one(WALK, price=108)) == {}


def test_a_jump_that_another_source_saw_as_well_is_the_market() -> None:
    (odd,) = quote_anomalies(one(WALK, others=(205, 100), price=200))
    assert (odd.kind, odd.severity) == (Kind.JUMP, Severity.INFO)
    assert odd.reason.endswith("but other sources moved as well")


def test_a_price_that_moved_away_from_all_others_is_critical_and_found_sooner() -> None:
    assert found(one(WALK, price=115)) == {}
    assert found(one(WALK, others=(114, 101), price=115)) == {}
    odd = found(one(WALK, others=(101, 102, NAN), price=115))
    assert odd.keys() == {Kind.LONE_PRICE}
    assert odd[Kind.LONE_PRICE].severity is Severity.CRITICAL
    assert odd[Kind.LONE_PRICE].reason.endswith("and the nearest other source says 102")


def test_a_source_that_always_differed_is_not_alone_now() -> None:
    assert found(one(WALK, others=(200,), price=110)) == {}
    assert found(one(WALK, others=(200,), price=93)) == {}


def test_another_source_that_did_not_look_since_says_nothing() -> None:
    page = one(WALK, others=(101,), price=115)
    assert found(changed(page, other_times=page.other_times - HOUR)) == {}


def test_the_right_price_after_a_wrong_one_is_not_a_jump() -> None:
    assert found(one([*WALK, 10_000], price=101)) == {}
    assert found(one([*WALK, 10_000], price=10_100)) == {}


def test_without_a_past_only_the_others_can_tell() -> None:
    assert found(one([], price=100)) == {}
    assert found(one([], others=(300,), price=100)) == {}
    odd = found(one([], others=(1, 900), price=100))
    assert odd.keys() == {Kind.LONE_PRICE}
    assert odd[Kind.LONE_PRICE].severity is Severity.WARNING


def test_with_a_short_past_any_coin_may_be_wild() -> None:
    assert found(one([100, 101, 100], price=350)) == {}
    assert found(one([100, 101, 100], price=500)).keys() == {Kind.JUMP}


def test_time_allows_for_a_move() -> None:
    assert found(one(WALK, price=140)).keys() == {Kind.JUMP}
    assert found(one(WALK, price=140, observed_at=NOW + 10 * HOUR, fetched_at=NOW + 10 * HOUR)) == {}


def test_a_frozen_price() -> None:
    odd = found(one([*WALK, *[105.0] * 23], price=105))
    assert odd.keys() == {Kind.FROZEN_PRICE}
    assert odd[Kind.FROZEN_PRICE].reason == (
        "the price has been 105 for 23 h and 23 repetitions, a time in which it normally moves by 7.33%"
    )
    assert found(one([*WALK, *[105.0] * 4], price=105)) == {}, "too short"
    assert found(one([*WALK, *[105.0] * 23], price=105.1)) == {}, "it moves again"


@pytest.mark.parametrize(
    "past", [[1.0] * 50, [1 + 0.0002 * (at % 3) for at in range(26)] + [1.0] * 24, [7.0] * 25 + [9.0] * 25]
)
def test_stablecoins_and_dead_coins_may_stand_still(past: list[float]) -> None:
    assert found(one(past, price=past[-1])) == {}


def test_a_stale_clock() -> None:
    odd = found(one(WALK, price=101, fetched_at=NOW + 7 * HOUR))
    assert odd.keys() == {Kind.STALE_CLOCK}
    assert odd[Kind.STALE_CLOCK].reason == "its clock has stood for 7 h, where it advances every 60 min"
    assert found(one(WALK, price=101, fetched_at=NOW + 5 * HOUR)) == {}
    assert found(one(WALK, price=101, fetched_at=NAN)) == {}, "a file isn't asked again"
    assert found(one(WALK, price=101, step=DAY, fetched_at=NOW + 2 * DAY)) == {}
    assert found(one([100, 101], price=101, fetched_at=NOW + 9 * DAY)) == {}


@pytest.mark.parametrize(
    ("past", "price", "severity"),
    [(WALK, -100, Severity.CRITICAL), (WALK, 0, Severity.WARNING), ([], 0, Severity.INFO), ([], -1, Severity.CRITICAL)],
)
def test_a_price_that_is_not_positive(past: list[float], price: float, severity: Severity) -> None:
    odd = found(one(past, price=price))
    assert {each.kind: each.severity for each in odd.values()} == {Kind.NOT_POSITIVE: severity}


def test_a_market_cap_that_is_not_price_times_supply() -> None:
    odd = found(one(WALK, price=100, circulating_supply=1e6, market_cap=2.5e8))
    assert odd.keys() == {Kind.MARKET_CAP_MISMATCH}
    assert odd[Kind.MARKET_CAP_MISMATCH].severity is Severity.WARNING
    assert odd[Kind.MARKET_CAP_MISMATCH].evidence["factor"] == 2.5
    assert found(one(WALK, price=100, circulating_supply=1e6, market_cap=1.3e8))[Kind.MARKET_CAP_MISMATCH].severity is (
        Severity.INFO
    )
    for cap, supply in ((1.05e8, 1e6), (0, 1e6), (1e8, 0), (NAN, 1e6), (1e8, NAN)):
        assert found(one(WALK, price=100, circulating_supply=supply, market_cap=cap)) == {}


def test_more_coins_circulate_than_there_are() -> None:
    odd = found(one(WALK, price=100, circulating_supply=1.4e9, total_supply=1e9, max_supply=1.2e9))
    assert odd.keys() == {Kind.SUPPLY_ABOVE_TOTAL, Kind.SUPPLY_ABOVE_MAX}
    assert {each.severity for each in odd.values()} == {Severity.INFO}
    assert found(one(WALK, price=100, circulating_supply=1.0037e9, total_supply=1e9, max_supply=0)) == {}


def test_a_change_that_its_own_history_does_not_show() -> None:
    odd = found(one(WALK, price=100, change_24h_percent=250))
    assert odd.keys() == {Kind.CHANGE_MISMATCH}
    assert odd[Kind.CHANGE_MISMATCH].evidence["price_24h_ago"] in WALK
    assert found(one(WALK, price=100, change_24h_percent=-101)).keys() == {Kind.CHANGE_MISMATCH}
    assert found(one(WALK, price=100, change_24h_percent=8)) == {}
    assert found(one(WALK[:20], price=100, change_24h_percent=250)) == {}, "nothing is known of the day before"


def test_one_wrong_price_a_day_ago_does_no_harm() -> None:
    past = WALK.copy()
    past[-24] = 9_000
    assert found(one(past, price=100, change_24h_percent=1)) == {}


def test_unknown_is_not_odd() -> None:
    assert found(one([], price=NAN)) == {}
    assert found(one([NAN, 0, -1], price=NAN, others=(NAN,))) == {}
    nobody = History.of(0, [], [], [])
    none, empty = np.empty(0), np.empty((0, 2))
    page = one([], price=1)
    columns = dict.fromkeys(
        ("observed_at", "fetched_at", "price", "market_cap", "change_24h_percent", "circulating_supply",
         "total_supply", "max_supply"), none,
    )  # fmt: skip
    assert found(changed(page, subjects=[], history=nobody, other_prices=empty, other_times=empty, **columns)) == {}


def test_the_history_keeps_the_newest_positive_prices_to_the_right() -> None:
    rows, times, prices = [0, 0, 0, 0, 2, 2], [1, 2, 3, 4, 5, 6], [10, 0, 30, 40, NAN, 60]
    history = History.of(3, rows, times, prices, depth=2)
    np.testing.assert_array_equal(history.prices, [[30, 40], [NAN, NAN], [NAN, 60]])
    np.testing.assert_array_equal(history.times, [[3, 4], [NAN, NAN], [NAN, 6]])


def test_numbers_and_durations_are_written_for_people() -> None:
    assert [number(value) for value in (61331.25, 0.00012345, 1e9, 1.5e15, 0, -5)] == [
        "61,330", "0.0001234", "1,000,000,000", "1.5e+15", "0", "-5",
    ]  # fmt: skip
    assert [duration(s) for s in (0.1, 45, 300, 7200, 90_000, 2e5)] == [
        "0.1 s",
        "45 s",
        "5 min",
        "2 h",
        "25 h",
        "2.3 days",
    ]


def test_false_alarms_in_a_wild_market_are_few() -> None:
    """Of 100,000 normal quotes, most kinds flag none, and no kind flags one in a thousand."""
    kinds: Counter[Kind] = Counter()
    without: Counter[Kind] = Counter()
    for seed in range(5):
        page = market(seed, LISTINGS, step=(HOUR, HOUR / 2, DAY, HOUR, 6 * HOUR)[seed])
        kinds.update(each.kind for each in quote_anomalies(page))
        without.update(each.kind for each in quote_anomalies(alone(page)))
    quotes = 5 * LISTINGS
    print(f"false alarms in {quotes} quotes: { {kind.value: f'{n / quotes:.3%}' for kind, n in kinds.items()} }")
    print(f"without other sources: { {kind.value: f'{n / quotes:.3%}' for kind, n in without.items()} }")
    for kind in Kind:
        assert kinds[kind] / quotes < 0.001, kind
        assert without[kind] / quotes < 0.001, kind
    assert kinds[Kind.LONE_PRICE] / quotes < 0.0001
    assert kinds[Kind.FROZEN_PRICE] + kinds[Kind.STALE_CLOCK] < 0.0001 * quotes


def test_false_alarms_of_listings_with_a_short_past_are_few() -> None:
    for known in (1, 2, 5, 9, 10, 15):
        page = market(known, LISTINGS)
        times, prices = page.history.times.copy(), page.history.prices.copy()
        times[:, :-known], prices[:, :-known] = np.nan, np.nan
        kinds = Counter(each.kind for each in quote_anomalies(changed(page, history=History(times, prices))))
        shares = {kind.value: f"{n / LISTINGS:.3%}" for kind, n in kinds.items()}
        print(f"false alarms after {known} observations: {shares}")
        assert all(n / LISTINGS < 0.002 for n in kinds.values())


@pytest.mark.parametrize("factor", [10, 0.1, 100, 0.01, 1e-3, 1e6])
@pytest.mark.parametrize("sources", ["with others", "alone"])
def test_wrong_factors_are_found(factor: float, sources: str) -> None:
    page = market(7, LISTINGS)
    page = alone(page) if sources == "alone" else page
    odd = quote_anomalies(changed(page, price=page.price * factor))
    share = len({each.subject for each in odd if each.kind in JUMPS}) / LISTINGS
    lone = sum(each.kind is Kind.LONE_PRICE for each in odd) / LISTINGS
    print(f"price times {factor:g} {sources}: {share:.2%} found, {lone:.2%} as lone")
    assert share > 0.98
    if sources == "with others":
        known = np.isfinite(page.other_prices).any(axis=1).mean()
        assert lone > 0.98 * known


@pytest.mark.parametrize(("factor", "least"), [(10, 0.95), (0.1, 0.95), (100, 0.98), (1e-3, 0.98)])
def test_wrong_factors_are_found_by_the_others_even_when_quotes_are_a_day_apart(factor: float, least: float) -> None:
    """By its own history no daily quote of a wild coin is impossible, so here only the others help."""
    page = market(8, LISTINGS, step=DAY)
    odd = quote_anomalies(changed(page, price=page.price * factor))
    hit = np.zeros(LISTINGS, bool)
    hit[[int(each.subject[4:]) for each in odd if each.kind in JUMPS]] = True
    known = np.isfinite(page.other_prices).any(axis=1)
    print(f"daily, price times {factor:g}: {hit[known].mean():.2%} found with others, {hit[~known].mean():.2%} without")
    assert hit[known].mean() > least


def test_other_faults_are_found() -> None:
    page = market(9, LISTINGS)
    sort = np.arange(LISTINGS) % 10

    def share(kind: Kind, broken: QuotePage, among: Any = ...) -> float:
        hit = np.zeros(LISTINGS, bool)
        hit[[int(each.subject[4:]) for each in quote_anomalies(broken) if each.kind is kind]] = True
        print(f"{kind.value}: {hit[among].mean():.2%} found")
        return float(hit[among].mean())

    assert share(Kind.NOT_POSITIVE, changed(page, price=-page.price)) == 1
    assert share(Kind.FROZEN_PRICE, frozen(page, 24), sort < 7) > 0.95
    assert share(Kind.FROZEN_PRICE, frozen(page, 24), sort == 7) == 0, "stablecoins"
    assert share(Kind.FROZEN_PRICE, frozen(page, 24), sort == 9) < 0.001, "coins that nobody trades"
    assert share(Kind.STALE_CLOCK, changed(page, fetched_at=page.observed_at + DAY)) > 0.95
    assert share(Kind.MARKET_CAP_MISMATCH, changed(page, price=page.price * 100)) > 0.95
    assert share(Kind.MARKET_CAP_MISMATCH, changed(page, market_cap=page.market_cap / 1000)) > 0.95
    assert share(Kind.SUPPLY_ABOVE_TOTAL, changed(page, total_supply=page.circulating_supply / 1.1)) > 0.95
    assert share(Kind.CHANGE_MISMATCH, changed(page, price=page.price * 100), sort < 7) > 0.95


def test_a_tenth_of_wrong_prices_in_the_past_hides_nothing() -> None:
    page = market(10, LISTINGS)
    prices = page.history.prices.copy()
    prices[np.random.default_rng(3).random(prices.shape) < 0.1] *= 100
    dirty = alone(changed(page, history=History(page.history.times, prices)))
    hits = {each.subject for each in quote_anomalies(changed(dirty, price=page.price * 1000)) if each.kind in JUMPS}
    print(f"after a dirty past: {len(hits) / LISTINGS:.2%} found")
    assert len(hits) / LISTINGS > 0.95


WILD = st.one_of(
    st.just(NAN), st.sampled_from([0.0, -1.0, 1.0, 1e300, 1e-300, float("inf")]), st.floats(allow_nan=True)
)


@settings(deadline=None)
@given(st.lists(WILD, max_size=30), st.lists(WILD, min_size=8, max_size=8), st.lists(WILD, max_size=3))
def test_no_input_breaks_it_and_evidence_is_json(past: list[float], values: list[float], others: list[float]) -> None:
    names = (
        "price", "market_cap", "change_24h_percent", "circulating_supply", "total_supply", "max_supply",
    )  # fmt: skip
    page = one(past, others=tuple(others), **dict(zip(names, values, strict=False)))
    for odd in quote_anomalies(page):
        assert odd.reason.isprintable()
        assert "nan" not in odd.reason
        assert json.loads(json.dumps(odd.evidence, allow_nan=False)) == odd.evidence
        assert msgspec.json.decode(msgspec.json.encode(odd), type=Anomaly) == odd


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(-40, 40), st.permutations(range(60)))
def test_neither_the_unit_nor_the_order_of_rows_matters(seed: int, power: int, order: list[int]) -> None:
    page = market(seed, 60)
    price = page.price.copy()
    price[::7] *= 100
    page = changed(page, price=price)

    def shuffled(column: Floats, scale: float = 1.0) -> Floats:
        return column[order] * scale

    unit = 2.0**power
    other = QuotePage(
        subjects=[page.subjects[row] for row in order],
        observed_at=shuffled(page.observed_at),
        fetched_at=shuffled(page.fetched_at),
        price=shuffled(page.price, unit),
        market_cap=shuffled(page.market_cap, unit),
        change_24h_percent=shuffled(page.change_24h_percent),
        circulating_supply=shuffled(page.circulating_supply),
        total_supply=shuffled(page.total_supply),
        max_supply=shuffled(page.max_supply),
        history=History(shuffled(page.history.times), shuffled(page.history.prices, unit)),
        other_prices=shuffled(page.other_prices, unit),
        other_times=shuffled(page.other_times),
    )
    first, second = ({(a.subject, a.kind, a.severity) for a in quote_anomalies(each)} for each in (page, other))
    assert first == second


def test_what_lasts_is_found_again_and_what_happened_is_not() -> None:
    assert LASTING.isdisjoint(JUMPS)
    past = [*WALK, *[105.0] * 23]
    again = [found(one([*past, *[105.0] * more], price=105)) for more in range(5)]
    assert all(odd.keys() == {Kind.FROZEN_PRICE} for odd in again)
    assert all(a[Kind.FROZEN_PRICE].evidence != b[Kind.FROZEN_PRICE].evidence for a, b in pairwise(again))
