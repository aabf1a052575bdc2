"""Cells that spell numbers: no digit is lost, nothing is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.amount import NotAnAmount
from kasparro.sources.csv import numbers

POINT = [
    ("1,234.5", "1234.5"),
    ("$50,000.00", "50000.00"),
    ("10,000", "10000"),
    ("12,34,567.8", "1234567.8"),
    ("1.2K", "1200"),
    ("106.30K", "106300"),
    ("1.2M", "1200000"),
    ("541.43B", "541430000000"),
    ("2.5 Trillion", "2500000000000"),
    ("3.60%", "3.60"),
    ("-1.56%", "-1.56"),
    ("−1.56 %", "-1.56"),
    ("-$5.5", "-5.5"),
    ("+7", "7"),
    ("2.13049E+11", "213049000000"),
    ("1e-18", "0.000000000000000001"),
    ("1 234 567.5", "1234567.5"),
    ("1'234.5", "1234.5"),
    (".5", "0.5"),
    ("-0.0", "0"),
]


@pytest.mark.parametrize(("text", "value"), POINT)
def test_decimal_point(text: str, value: str) -> None:
    assert numbers.point(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("76.761,5", "76761.5"), ("0,03%", "0.03"), ("46,88K", "46880"), ("1.234.567", "1234567"), ("7", "7")],
)
def test_decimal_comma(text: str, value: str) -> None:
    assert numbers.comma(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", " ", "-", "--", "N/A", "null", "NaN", "None", "#N/A"])
def test_nothing_said(text: str) -> None:
    assert numbers.point(text) is None
    assert numbers.comma(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "inf",
        "-Infinity",
        "1e999999",
        "1,5",
        "1,23",
        "12,34",
        "1.2.3",
        "1_000",
        "€5",
        "5 EUR",
        "1.2Q",
        "--5",
        "1e3K",
        ".",
        "5 5",
        "0x10",
    ],
)
def test_garbage_is_not_a_number(text: str) -> None:
    with pytest.raises(NotAnAmount):
        numbers.point(text)


def test_a_point_in_a_file_of_commas_is_not_guessed() -> None:
    with pytest.raises(NotAnAmount):
        numbers.comma("1.5")


def test_units_twins_and_signs() -> None:
    assert numbers.without_unit(numbers.point)("19,362,043 BTC") == 19362043
    assert numbers.without_unit(numbers.point)("158366833 3AIR") == 158366833
    assert numbers.last_glued(numbers.point)("$541.43B$541426059990") == 541426059990
    assert numbers.zero_unknown(numbers.point)("0.0") is None
    assert numbers.rank_of(numbers.point)("12.0") == 12
    with pytest.raises(NotAnAmount, match="negative"):
        numbers.not_negative(numbers.point)("-1")
    with pytest.raises(NotAnAmount, match="rank"):
        numbers.rank_of(numbers.point)("99999999999")


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["76.761,5", "13,3"], ","),
        (["1,234.5", "2"], "."),
        (["1,234", "5,678", "0.25"], "."),
        (["0,123", "12"], "."),
        (["1.234", "0,5"], ","),
        ([], "."),
    ],
)
def test_decimal_mark_of_a_file(cells: list[str], mark: str) -> None:
    assert numbers.decimal_mark(cells) == mark


def test_a_file_whose_numbers_can_be_read_in_two_ways_is_not_guessed_at() -> None:
    with pytest.raises(numbers.UnclearMark, match=r"1123 or 1\.123"):
        numbers.decimal_mark(["2", "1,123"])


decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e40"), max_value=Decimal("1e40"))


@given(decimals)
def test_plain_digits_come_back(value: Decimal) -> None:
    assert numbers.point(str(value)) == value
    assert numbers.point(format(value, "f")) == value


@given(decimals)
def test_separators_lose_no_digit(value: Decimal) -> None:
    grouped = format(value, ",f")
    assert numbers.point(grouped) == value
    assert numbers.comma(grouped.translate(str.maketrans(",.", ".,"))) == value


@given(decimals, st.sampled_from([("K", 3), ("M", 6), ("B", 9), ("T", 12)]))
def test_suffixes_lose_no_digit(value: Decimal, suffix: tuple[str, int]) -> None:
    letter, zeros = suffix
    shifted = Decimal((*value.as_tuple()[:2], int(value.as_tuple().exponent) + zeros))
    assert numbers.point(format(value, "f") + letter) == shifted


@given(st.lists(st.one_of(decimals.map(str), st.sampled_from(["", "1.5", "x", "1,000", "nan"]))))
def test_whole_columns_read_as_their_cells_do(cells: list[str]) -> None:
    together = numbers.all_plain(cells)
    if together is not None:
        assert together == [numbers.point(cell) for cell in cells]
