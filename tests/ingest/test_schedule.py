"""The schedule: which moment is due, and which comes next."""

from datetime import UTC, datetime, timedelta

import pytest

from kasparro.ingest.schedule import newest_due, next_scheduled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("expression", "now", "newest", "following"),
    [
        ("0 * * * *", NOON, NOON, NOON + timedelta(hours=1)),
        ("0 * * * *", NOON + timedelta(microseconds=7), NOON, NOON + timedelta(hours=1)),
        ("0 * * * *", NOON - SECOND, NOON - timedelta(hours=1), NOON),
        ("30 4 * * *", NOON, NOON.replace(hour=4, minute=30), NOON.replace(day=2, hour=4, minute=30)),
        ("*/5 * * * *", NOON + 4 * 60 * SECOND, NOON, NOON + 300 * SECOND),
        ("off", NOON, None, None),
    ],
)
def test_what_the_schedule_says(
    expression: str, now: datetime, newest: datetime | None, following: datetime | None
) -> None:
    assert newest_due(expression, now) == newest
    assert next_scheduled(expression, now) == following
