"""Numbers and times as people read them."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kasparro.dashboard import formats

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _text(shown: str) -> str:
    return re.sub(r"<[^>]+>", "", shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("98410.25", "98,410.25"), ("10", "10.00"), ("1", "1.0000"), ("9.99985", "9.9998"), ("0.5", "0.5000"),
        ("0.000012345", "0.00001234"), ("0", "0"), ("0.000000000001", "1.00 × 10⁻¹²"), ("99000000000000", "99.0 T"),
        ("1e76", "1.00 × 10⁷⁶"),
    ],
)  # fmt: skip
def test_prices_have_the_digits_that_say_something(value: str, shown: str) -> None:
    found = formats.price(Decimal(value))
    assert _text(found) == shown
    assert f'value="{Decimal(value):f}"' in found, "the exact one is behind it"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("1950500000000", "1.95 T"), ("31000000000", "31.0 B"), ("999", "999.00"), ("123456", "123 K"), ("0", "0")],
)
def test_large_amounts_are_short(value: str, shown: str) -> None:
    assert _text(formats.money(Decimal(value))) == shown


def test_what_is_not_known_is_a_dash_with_a_word() -> None:
    for shown in (formats.price(None), formats.money(None), formats.count(None), formats.percent(None)):
        assert _text(shown) == "–" and "not known" in shown


@pytest.mark.parametrize(("value", "side"), [("1.25", "up"), ("-1.25", "down"), ("0", "flat")])
def test_changes_have_a_sign_and_a_side(value: str, side: str) -> None:
    found = formats.percent(Decimal(value))
    assert f'class="{side}"' in found and f'value="{value}"' in found
    assert _text(found)[0] in "+−"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.25, "0.2 s"), (5, "5 s"), (59, "59 s"), (60, "1 min"), (75, "1 min 15 s"), (3 * 3600 + 120, "3 h 2 min"),
     (90_000, "1 d 1 h"), (40 * 86_400, "40 d")],
)  # fmt: skip
def test_lengths_of_time_have_two_units(seconds: float, shown: str) -> None:
    assert formats.span(seconds) == shown


def test_moments_are_told_from_now() -> None:
    assert _text(formats.ago("2026-11-20T11:58:00Z", NOW)) == "2 min ago"
    assert _text(formats.ago(NOW + timedelta(minutes=5), NOW)) == "in 5 min"
    assert _text(formats.ago(None, NOW)) == "never"
