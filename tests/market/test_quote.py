"""Quotes dated ahead of their arrival, and texts that can't stand in the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.quote import FUTURE_TOLERANCE, MAX_TEXT, Quote, ahead_of_time, unfit_text
from kasparro.market.rejection import Reason

ARRIVED = datetime(2026, 6, 15, 12, tzinfo=UTC)


def dated(ordinal: int, at: datetime) -> Quote:
    return Quote(ordinal, "bitcoin", "btc", "Bitcoin", at)


def test_a_quote_dated_ahead_of_its_arrival_is_rejected_and_the_others_are_not() -> None:
    moment = timedelta(microseconds=1)
    quotes = [
        dated(3, ARRIVED),
        dated(4, ARRIVED + FUTURE_TOLERANCE),
        dated(7, ARRIVED + FUTURE_TOLERANCE + moment),
        dated(9, ARRIVED.replace(year=1970)),
    ]
    (rejection,) = ahead_of_time(quotes, ARRIVED)
    assert (rejection.ordinal, rejection.reason) == (7, Reason.FUTURE)
    assert "bitcoin" in rejection.detail
    assert "2026-06-15T12:10:00.000001" in rejection.detail


@pytest.mark.parametrize(
    ("texts", "flaw"),
    [
        (("",), "empty"),
        (("bitcoin", ""), "empty"),
        (("a" * (MAX_TEXT + 1),), "longer"),
        (("ok", "nul\x00l"), "can't hold"),
        (("half \ud800 a character",), "can't hold"),
    ],
)
def test_unfit_texts_are_told(texts: tuple[str, ...], flaw: str) -> None:
    assert flaw in (unfit_text(*texts) or "")


@pytest.mark.parametrize(
    "text", ["_", "$FJB", "BRG.X", "比特币", "a" * MAX_TEXT, "tab\tnew\nline", "\u202e", "🚀", " "]
)
def test_odd_texts_of_real_coins_are_fit(text: str) -> None:
    assert unfit_text(text) is None


def test_many_long_texts_are_fit_together() -> None:
    assert unfit_text("a" * MAX_TEXT, "b" * MAX_TEXT, "c") is None


@given(st.text(max_size=MAX_TEXT + 5))
def test_a_text_is_fit_just_when_the_ledger_can_hold_it(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        holdable = False
    else:
        holdable = 0 < len(text) <= MAX_TEXT and "\x00" not in text
    assert (unfit_text(text) is None) == holdable
