"""Amounts are exact, and nothing else stands in for one."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.amount import NotAnAmount, amount, exact, known, rank

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,76})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(NUMBERS)
def test_every_digit_of_a_number_survives(text: str) -> None:
    assert exact(text).as_tuple() == Decimal(text).as_tuple()
    assert amount(Decimal(text)) == Decimal(text)


@given(st.integers(-(10**76), 10**76))
def test_whole_numbers_stay_whole(value: int) -> None:
    assert amount(value) is value


@pytest.mark.parametrize("text", ["1e-18", "9.9e13", "1e76", "1" + "0" * 76, "0.1234567890123456789012", "1.0e+15"])
def test_the_extremes_of_real_data_are_amounts(text: str) -> None:
    assert amount(Decimal(text)) == exact(text) == Decimal(text)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-inf", "n/a", "", "1,5", "0x10", "1 2", "--1"])
def test_texts_that_spell_no_number_are_refused(text: str) -> None:
    with pytest.raises(NotAnAmount, match="number"):
        exact(text)


@pytest.mark.parametrize("value", ["1.5", "NaN", True, False, [], {}, [1]])
def test_values_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(NotAnAmount, match="is not a number"):
        amount(value)


@pytest.mark.parametrize("text", ["1e999999", "-1e1000", "1e-5000", "0." + "1" * 20_000, "9" * 1_001])
def test_numbers_too_long_to_be_real_are_refused_and_not_told_in_full(text: str) -> None:
    with pytest.raises(NotAnAmount, match="too long") as caught:
        exact(text)
    assert len(str(caught.value)) < 100
    with pytest.raises(NotAnAmount, match="too long") as caught:
        amount(Decimal(text))
    assert len(str(caught.value)) < 100


def test_a_whole_number_too_long_to_be_real_is_refused() -> None:
    with pytest.raises(NotAnAmount):
        amount(10**1_000)


@pytest.mark.parametrize("missing", [None, ""])
def test_null_and_the_empty_text_mean_missing(missing: object) -> None:
    assert amount(missing) is None


@pytest.mark.parametrize("nothing", [None, 0, Decimal("0.00"), Decimal("-0"), Decimal("0e5")])
def test_nothing_known_is_told_from_something(nothing: Any) -> None:
    assert known(nothing) is None
    assert known(Decimal("1e-18")) == Decimal("1e-18")


@pytest.mark.parametrize(
    ("value", "place"), [(1, 1), (Decimal("12.0"), 12), (2**31 - 1, 2**31 - 1), (0, None), (None, None), ("", None)]
)
def test_a_rank_counts_from_one(value: object, place: int | None) -> None:
    assert rank(value) == place


@pytest.mark.parametrize("value", [-1, 2**31, Decimal("1.5"), 10**30, Decimal("1e300"), "first", True])
def test_what_can_be_no_place_in_a_ranking_is_refused(value: object) -> None:
    with pytest.raises(NotAnAmount):
        rank(value)
