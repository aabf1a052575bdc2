"""What each plan allows: keys, calls in a span of time, calls a month.

Limits and refusals follow the providers' pages as of 2026; where those disagree, the smaller number is taken.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil

from kasparro.sandbox import coinpaprika, gecko_errors
from kasparro.sandbox.answers import Answer, document
from kasparro.sandbox.clock import Clock, millis_text, seconds_text

INVALID_KEY = "invalid"


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many calls in any `seconds`, so many in a calendar month; None is no limit."""

    calls: int | None = None
    seconds: float = 60.0
    month: int | None = None


GECKO = {
    "keyless": Allowance(10),
    "demo": Allowance(30, month=10_000),
    "pro": Allowance(500, month=500_000),
    "unlimited": Allowance(),
}
PAPRIKA = {
    "free": Allowance(10, 1.0, 20_000),
    "paid": Allowance(10, 1.0, 1_000_000),
    "unlimited": Allowance(),
}


@dataclass
class Meter:
    """Counts one caller's calls. Spans are measured by `monotonic`, months by the market's clock."""

    clock: Clock
    monotonic: Callable[[], float]
    month: str = ""
    used: int = 0
    recent: deque[float] = field(default_factory=deque)

    def wait(self, allowance: Allowance) -> float:
        """Seconds until the next call is allowed, 0 if this one is. Refused calls count as well."""
        if allowance.calls is None:
            return 0.0
        now = self.monotonic()
        while self.recent and self.recent[0] <= now - allowance.seconds:
            self.recent.popleft()
        full = len(self.recent) >= allowance.calls
        self.recent.append(now)
        if not full:
            return 0.0
        while len(self.recent) > allowance.calls:
            self.recent.popleft()
        return self.recent[0] + allowance.seconds - now

    def spent(self) -> int:
        """Calls charged this month."""
        if self.month != self.clock.month():
            self.month, self.used = self.clock.month(), 0
        return self.used

    def charge(self) -> None:
        self.used = self.spent() + 1


class GeckoGate:
    """CoinGecko's doorkeeper: refuses with an answer, or lets pass with None."""

    def __init__(self, plan: str, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._plan = plan
        self._clock = clock
        self._meters: dict[str, Meter] = defaultdict(lambda: Meter(clock, monotonic))

    def refuse(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        now = millis_text(self._clock.now())
        demo_key, pro_key = _gecko_keys(query, headers)
        if refusal := self._wrong_key(demo_key, pro_key, now):
            return refusal
        # A demo host serves callers without a key too, at the pace of the public.
        plan = "keyless" if self._plan == "demo" and not demo_key else self._plan
        meter = self._meters[demo_key or pro_key]
        allowance = GECKO[plan]
        if wait := meter.wait(allowance):
            return gecko_errors.coded(429, 429, now, ceil(wait))
        if allowance.month is not None and meter.spent() >= allowance.month:
            return gecko_errors.coded(429, 429, now)
        if path == "/key":
            return self._key(meter, allowance, now)
        return None

    def _wrong_key(self, demo_key: str, pro_key: str, now: str) -> Answer | None:
        if INVALID_KEY in (demo_key, pro_key) or (self._plan == "pro" and not (demo_key or pro_key)):
            return gecko_errors.coded(401, 10002, now)
        if self._plan in ("keyless", "demo") and pro_key:
            return gecko_errors.coded(400, 10010, now)
        if self._plan == "pro" and not pro_key:
            return gecko_errors.coded(400, 10011, now)
        return None

    def charge(self, query: Mapping[str, str], headers: Mapping[str, str], status: int) -> None:
        """Only answered calls cost a credit (CoinGecko's page on authentication, 2026)."""
        if status == 200:
            demo_key, pro_key = _gecko_keys(query, headers)
            self._meters[demo_key or pro_key].charge()

    def _key(self, meter: Meter, allowance: Allowance, now: str) -> Answer:
        if self._plan != "pro":
            return gecko_errors.coded(401, 10005, now)
        credit = allowance.month or 0
        return document(
            {
                "plan": "Analyst",
                "rate_limit_request_per_minute": allowance.calls,
                "monthly_call_credit": credit,
                "current_total_monthly_calls": meter.spent(),
                "current_remaining_monthly_calls": credit - meter.spent(),
            }
        )


class PaprikaGate:
    """CoinPaprika's doorkeeper: refuses with an answer, or lets pass with None."""

    def __init__(self, plan: str, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._plan = plan
        self._clock = clock
        self._meters: dict[str, Meter] = defaultdict(lambda: Meter(clock, monotonic))

    def refuse(self, path: str, _query: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        key = headers.get("authorization", "")
        if key == INVALID_KEY or (self._plan == "paid" and not key):
            return coinpaprika.of_status(403)
        allowance = PAPRIKA[self._plan]
        meter = self._meters[key]
        if meter.wait(allowance):
            return coinpaprika.of_status(429)
        if allowance.month is not None and meter.spent() >= allowance.month:
            return coinpaprika.error(402, coinpaprika.LIMIT_REACHED)
        if path == "/key/info":
            return self._key_info(meter, allowance)
        return None

    def charge(self, _query: Mapping[str, str], headers: Mapping[str, str], _status: int) -> None:
        self._meters[headers.get("authorization", "")].charge()

    def _key_info(self, meter: Meter, allowance: Allowance) -> Answer:
        if self._plan == "free":
            return coinpaprika.of_status(402)
        limited = allowance.month is not None
        made, left = (meter.spent(), (allowance.month or 0) - meter.spent()) if limited else (-1, -1)
        return document(
            {
                "plan": "pro" if limited else "enterprise",
                "plan_started_at": seconds_text(self._clock.now() // 86_400 * 86_400),
                "plan_status": "active",
                "portal_url": "https://coinpaprika.com/api/panel",
                "usage": {
                    "message": "limited plan" if limited else "unlimited plan",
                    "current_month": {"requests_made": made, "requests_left": left},
                },
            }
        )


def _gecko_keys(query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    demo = headers.get("x-cg-demo-api-key") or query.get("x_cg_demo_api_key", "")
    return demo, headers.get("x-cg-pro-api-key") or query.get("x_cg_pro_api_key", "")
