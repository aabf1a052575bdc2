"""The consensus price: exact, robust against any one source, and honest about what nobody can know."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.consensus import AGREEMENT_PERCENT, Consensus, ListingQuote, Stand, consensus

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FRESH = timedelta(hours=2)
PRICES = st.decimals(min_value=Decimal("1e-30"), max_value=Decimal("1e30"), allow_nan=False, places=None)
GARBAGE = st.one_of(
    st.none(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal(0), Decimal(-1), Decimal("1e76"), Decimal("-1e76"), Decimal("1e-900"), Decimal("1e900")]),
)


def quote(source: str, price: object, *, minutes: float = 1, listing: int = 1, dataset: str = "") -> ListingQuote:
    """What `source` said so many minutes ago."""
    amount = price if price is None or isinstance(price, Decimal) else Decimal(str(price))
    return ListingQuote(source, dataset, listing, NOW - timedelta(minutes=minutes), amount)


def of(*prices: object, agreement_percent: Decimal = AGREEMENT_PERCENT) -> Consensus:
    """The consensus of sources `a`, `b`, ... with these prices."""
    quotes = [quote(chr(97 + at), price) for at, price in enumerate(prices)]
    return consensus(quotes, NOW, FRESH, agreement_percent=agreement_percent)


def stands(result: Consensus) -> dict[str, Stand]:
    return {each.source: each.stand for each in result.sources}


def test_nobody_says_anything() -> None:
    result = consensus([], NOW, FRESH)
    assert (result.price_usd, result.agreed, result.sources) == (None, None, ())
    assert (result.quorum.voted, result.quorum.needed, result.quorum.reached) == (0, 2, False)


def test_one_source_has_nobody_to_agree_with() -> None:
    result = of("61331.25")
    assert (result.price_usd, result.agreed, result.quorum.reached) == (Decimal("61331.25"), None, False)
    assert (result.dispersion_percent, result.spread_percent) == (None, None)
    assert result.sources[0].deviation_percent == 0


def test_two_sources_that_agree() -> None:
    result = of(100, 101)
    assert (result.price_usd, result.agreed, result.quorum.reached) == (Decimal("100.5"), True, True)
    assert result.dispersion_percent == Decimal("0.497512")
    assert result.spread_percent == Decimal("0.995025")
    assert [each.deviation_percent for each in result.sources] == [Decimal("-0.497512"), Decimal("0.497512")]


def test_of_two_sources_that_differ_nobody_can_tell_who_is_right() -> None:
    result = of(100, 1000)
    assert (result.price_usd, result.agreed) == (Decimal(550), False)
    assert stands(result) == {"a": Stand.VOTED, "b": Stand.VOTED}
    assert (result.dispersion_percent, result.spread_percent) == (Decimal("81.8182"), Decimal("163.636"))


def test_of_three_sources_one_is_outvoted_and_named() -> None:
    result = of(100, "100.5", 10_000)
    assert (result.price_usd, result.agreed) == (Decimal("100.5"), True)
    assert stands(result) == {"a": Stand.VOTED, "b": Stand.VOTED, "c": Stand.OUTLIER}
    assert result.sources[2].deviation_percent == Decimal("9850.25")
    assert (result.quorum.voted, result.dispersion_percent) == (3, Decimal("0.497512"))


def test_two_camps_of_the_same_size_do_not_agree() -> None:
    result = of(100, 100, 200, 200)
    assert (result.price_usd, result.agreed) == (Decimal(150), False)
    assert set(stands(result).values()) == {Stand.VOTED}


def test_how_close_is_agreement_is_for_the_caller_to_say() -> None:
    assert of(100, 103).agreed is False
    assert of(100, 103, agreement_percent=Decimal(3)).agreed is True


def test_an_outlier_is_far_also_beside_the_others_dispersion() -> None:
    assert stands(of(100, 101, "102.5"))["c"] is Stand.VOTED
    assert stands(of(100, "100.1", "100.2", "102.5"))["d"] is Stand.OUTLIER


def test_who_does_not_vote_is_shown_with_the_reason() -> None:
    quotes = [
        quote("fresh", 100), quote("old", 90, minutes=121), quote("empty", None), quote("zero", 0), quote("less", -5),
        quote("unsure", Decimal("NaN")), quote("endless", Decimal("Infinity")),
    ]  # fmt: skip
    result = consensus(quotes, NOW, FRESH)
    assert stands(result) == {
        "fresh": Stand.VOTED, "old": Stand.STALE, "empty": Stand.MISSING, "zero": Stand.INVALID, "less": Stand.INVALID,
        "unsure": Stand.MISSING, "endless": Stand.MISSING,
    }  # fmt: skip
    assert result.quorum.voted == 1
    old = next(each for each in result.sources if each.source == "old")
    assert (old.price_usd, old.deviation_percent, old.age) == (Decimal(90), Decimal(-10), timedelta(minutes=121))


def test_exactly_as_old_as_allowed_is_fresh_and_ahead_of_time_as_well() -> None:
    result = consensus([quote("a", 1, minutes=120), quote("b", 1, minutes=-9)], NOW, FRESH)
    assert (result.quorum.voted, result.sources[1].age) == (2, timedelta(minutes=-9))


def test_a_source_has_one_vote_its_newest_fresh_price() -> None:
    quotes = [
        quote("csv", 500, minutes=5, listing=1, dataset="one"), quote("csv", 100, minutes=3, listing=2, dataset="two"),
        quote("csv", None, minutes=1, listing=3, dataset="three"), quote("x", 100),
    ]  # fmt: skip
    result = consensus(quotes, NOW, FRESH)
    assert (result.price_usd, result.quorum.voted) == (Decimal(100), 2)
    assert (result.sources[0].listing_ids, result.sources[0].age) == ((2,), timedelta(minutes=3))


def test_datasets_of_the_same_moment_share_the_vote() -> None:
    quotes = [quote("csv", price, listing=at, dataset=str(at)) for at, price in enumerate((100, 103, 900))]
    (only,) = consensus(quotes, NOW, FRESH).sources
    assert (only.price_usd, only.listing_ids) == (Decimal(103), (0, 1, 2))


@pytest.mark.parametrize(
    ("one", "other", "mean"),
    [
        ("0.000000000000000001", "99000000000000", "49500000000000.0000000000000000005"),
        ("1e-999", "1e999", f"5{'0' * 998}.{'0' * 999}5"),
        ("61331.10", "61331.1", "61331.1"),
    ],
)
def test_the_mean_of_two_keeps_every_digit(one: str, other: str, mean: str) -> None:
    price = of(one, other).price_usd
    assert price is not None
    assert Fraction(price) == (Fraction(one) + Fraction(other)) / 2 == Fraction(mean)


@given(st.lists(PRICES, min_size=1, max_size=9), st.randoms())
def test_the_price_is_the_exact_median_in_whatever_order(prices: list[Decimal], chance: object) -> None:
    quotes = [quote(f"s{at}", price, listing=at) for at, price in enumerate(prices)]
    result = consensus(quotes, NOW, FRESH)
    assert result.price_usd is not None
    assert Fraction(result.price_usd) == median(map(Fraction, prices))
    chance.shuffle(quotes)  # type: ignore[attr-defined]
    assert consensus(quotes, NOW, FRESH) == result


@given(st.data())
def test_garbage_of_a_minority_moves_the_price_by_no_more_than_the_spread_of_the_honest(data: st.DataObject) -> None:
    honest = data.draw(st.lists(PRICES, min_size=2, max_size=7), "honest")
    wrong = data.draw(st.lists(GARBAGE, min_size=1, max_size=len(honest) - 1), "garbage")
    low, high = min(honest), max(honest)
    before = of(*honest).price_usd
    after = of(*honest, *wrong).price_usd
    assert before is not None
    assert after is not None
    assert low <= after <= high
    assert abs(Fraction(after) - Fraction(before)) <= Fraction(high) - Fraction(low)


@given(st.lists(PRICES, min_size=3, max_size=7), GARBAGE, st.data())
def test_it_is_the_same_when_an_honest_source_turns_bad(
    honest: list[Decimal], bad: object, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(honest) - 1), "who")
    before, after = of(*honest).price_usd, of(*honest[:at], bad, *honest[at + 1 :]).price_usd
    assert before is not None
    assert after is not None
    assert abs(Fraction(after) - Fraction(before)) <= Fraction(max(honest)) - Fraction(min(honest))


@given(st.lists(st.sampled_from([Decimal(n) for n in (50, 99, 100, 101, 102, 103, 200)]), min_size=2, max_size=7))
def test_agreement_means_a_close_majority_with_the_price_among_it(prices: list[Decimal]) -> None:
    result = of(*prices)
    assert result.price_usd is not None
    reach = result.price_usd * 2 / 100
    groups = [[p for p in prices if start <= p <= start + reach] for start in prices]
    close = [group for group in groups if 2 * len(group) > len(prices)]
    assert result.agreed is bool(close)
    assert all(min(group) <= result.price_usd <= max(group) for group in close)
    outliers = [each for each in result.sources if each.stand is Stand.OUTLIER]
    assert 2 * len(outliers) < len(prices)
    assert result.agreed or not outliers


@given(st.lists(GARBAGE, max_size=5))
def test_no_input_breaks_it(prices: list[Decimal | None]) -> None:
    result = of(*prices)
    assert len(result.sources) == len(prices)
    assert result.quorum.voted == sum(each.stand in (Stand.VOTED, Stand.OUTLIER) for each in result.sources)
