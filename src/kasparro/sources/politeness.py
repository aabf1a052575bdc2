"""How to treat a provider: its limits, plan by plan, as values rather than code."""

from datetime import timedelta

import msgspec


class Politeness(msgspec.Struct, frozen=True, kw_only=True):
    """What one plan of one provider allows, and how failures are waited out.

    `requests` per `period` seconds, `concurrency` at a time, `month_quota` calls a calendar month (None:
    none known). After a 429 without a hint at least `wait_after_429` seconds pass; other failures back off
    exponentially with full jitter from `backoff_base` up to `backoff_cap` seconds, `attempts` times in all.
    A host that never answers gets no new attempt after `unreachable_after` seconds.
    """

    root: str
    requests: int
    period: float
    concurrency: int
    month_quota: int | None
    key_header: str = ""
    wait_after_429: float = 60.0
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    attempts: int = 6
    unreachable_after: float = 12.0


DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
