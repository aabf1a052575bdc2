"""Numbers come out in the spelling and with the digits that were asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.sandbox.numerals import go, places, ruby, whole

NUMBERS = st.floats(min_value=1e-40, max_value=1e77) | st.floats(min_value=-1e77, max_value=-1e-40)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (2.993e-05, 4, "2.993e-05"),
        (1e15, 5, "1.0e+15"),
        (1e76, 16, "1.0e+76"),
        (19169231.0, 12, "19169231.0"),
        (0.000123, 3, "0.000123"),
        (-0.5, 3, "-0.5"),
        (0.0, 5, "0.0"),
    ],
)
def test_ruby_spelling(value: float, digits: int, text: str) -> None:
    assert ruby(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (2.993e-7, 4, "2.993e-7"),
        (0.000001, 4, "0.000001"),
        (1e21, 5, "1e+21"),
        (1.5e20, 5, "150000000000000000000"),
        (27.5, 5, "27.5"),
        (-70.0, 5, "-70"),
        (0.0, 5, "0"),
    ],
)
def test_go_spelling(value: float, digits: int, text: str) -> None:
    assert go(value, digits) == text


@given(NUMBERS, st.integers(1, 25))
def test_both_spellings_say_the_same_number_with_no_more_digits_than_asked(value: float, digits: int) -> None:
    exact = Decimal(f"{value:.{digits - 1}e}")
    for text in (ruby(value, digits), go(value, digits)):
        assert Decimal(text) == exact
        assert len(Decimal(text).normalize().as_tuple().digits) <= digits


def test_twenty_digits_are_more_than_a_double_keeps() -> None:
    text = ruby(1 / 3, 20)
    assert len(text.removeprefix("0.")) == 20
    assert repr(float(text)) != text


def test_rounded_numbers_have_no_trailing_zeros_and_no_negative_zero() -> None:
    assert [places(1.50, 2), places(-0.001, 2), places(3.0, 0), places(100.0, 2)] == ["1.5", "0", "3", "100"]
    assert [whole(0.2), whole(-0.2), whole(1e22)] == ["0", "0", "10000000000000000000000"]
