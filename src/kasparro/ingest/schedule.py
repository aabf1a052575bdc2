"""The schedule: the moments at which runs are asked for, from a cron expression in UTC."""

from datetime import datetime

from cronsim import CronSim

OFF = "off"


def next_scheduled(expression: str, now: datetime) -> datetime | None:
    """The next moment after `now` (aware, UTC); None when the schedule is off or has no moments any more."""
    return None if expression == OFF else next(CronSim(expression, now), None)


def newest_due(expression: str, now: datetime) -> datetime | None:
    """The newest moment up to `now` (aware, UTC), itself included; None when the schedule is off."""
    # With a fraction of a second, the second itself is among the moments looked at.
    return None if expression == OFF else next(CronSim(expression, now.replace(microsecond=1), reverse=True), None)
