"""What a `Retry-After` header asks for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.sources.client import retry_after

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("119", 119),
        (" 2 ", 2),
        ("0", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("٣", None),
        ("Mon, 15 Jun 2026 12:02:00 GMT", 120),
        ("Monday, 15-Jun-26 12:02:00 GMT", 120),
        ("Mon, 15 Jun 2026 14:02:00 +0200", 120),
        ("Mon, 15 Jun 2026 11:00:00 GMT", None),
        ("Mon, 15 Jun 2026 12:02:00", None),
        ("Mon, 32 Jun 2026 12:02:00 GMT", None),
    ],
)
def test_what_a_retry_after_header_asks_for(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_header_is_a_wait_or_no_hint(header: str) -> None:
    wait = retry_after(header, NOW)
    assert wait is None or wait > 0
