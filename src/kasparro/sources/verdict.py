"""The decision table: what an answer's status and body mean for the request, the source and the wait.

The rules are those of the providers' error pages: CoinGecko's "Errors and rate limits" (2026), CoinPaprika's
OpenAPI 1.7.10, and bodies recorded from both.
"""

import re
from enum import Enum

import msgspec


class Action(Enum):
    """What to do after an answer."""

    ACCEPT = "accept"
    RETRY = "retry"
    SKIP = "skip"
    STOP = "stop"


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer reduced to what decides: `code` and `message` come from an error body, if it is one."""

    status: int
    code: int | None = None
    message: str = ""
    is_json: bool = True


class Verdict(msgspec.Struct, frozen=True):
    """The decision: `reason` is for the person who reads the closing table, `remedy` says what to do.

    `rate_limited` is True for too many requests, under whatever status that was said.
    """

    action: Action
    reason: str = ""
    remedy: str = ""
    rate_limited: bool = False


class _Rule(msgspec.Struct, frozen=True):
    action: Action
    reason: str
    remedy: str = ""
    statuses: frozenset[int] = frozenset()
    codes: frozenset[int] = frozenset()
    message: str = ""
    page: bool = False

    def matches(self, answer: Answer) -> bool:
        if self.page and answer.is_json:
            return False
        if self.codes and answer.code not in self.codes:
            return False
        if self.statuses and answer.status not in self.statuses:
            return False
        return not self.message or re.search(self.message, answer.message, re.IGNORECASE) is not None


_KEY = "Check the API key and the plan that it belongs to"
_LIMIT = "rate limit reached"
_TABLE = (
    _Rule(Action.STOP, "the API key is missing or wrong", _KEY, codes=frozenset({10002})),
    _Rule(Action.STOP, "the API key belongs to another plan's host", "Set COINGECKO_PLAN to the key's plan",
          codes=frozenset({10010, 10011})),
    _Rule(Action.SKIP, "the plan doesn't include this", codes=frozenset({10005, 10012})),
    _Rule(Action.SKIP, "the plan doesn't include this", statuses=frozenset({400, 401, 402, 403}),
          message=r"not allowed in this plan|limited pro api"),
    _Rule(Action.STOP, "blocked by the provider's firewall", "Wait an hour and lower the rate",
          codes=frozenset({403, 1020})),
    _Rule(Action.RETRY, _LIMIT, statuses=frozenset({200}), message="maximum request limit"),
    _Rule(Action.STOP, "blocked by the provider's firewall", "Wait an hour and lower the rate",
          statuses=frozenset({403}), page=True),
    _Rule(Action.STOP, "the plan's calls are used up, or the plan is too small",
          "Wait for the next month or set a key of a larger plan", statuses=frozenset({402})),
    _Rule(Action.STOP, "access was refused", _KEY, statuses=frozenset({401, 403})),
    _Rule(Action.RETRY, _LIMIT, statuses=frozenset({429})),
    _Rule(Action.RETRY, "the provider has a fault", statuses=frozenset({408, 425, *range(500, 600)})),
    _Rule(Action.SKIP, "moved elsewhere", statuses=frozenset(range(300, 400))),
    _Rule(Action.SKIP, "the request was not accepted", statuses=frozenset(range(400, 500))),
)  # fmt: skip


def judge(answer: Answer) -> Verdict:
    """The verdict on one answer; the first matching rule decides.

    An error object under status 200 (seen on CoinGecko: 429 and 10012) is treated by the code it carries.
    """
    if answer.status == 200 and answer.code is not None and 400 <= answer.code < 600:
        answer = msgspec.structs.replace(answer, status=answer.code)
    if answer.status == 200 and answer.code is None and not answer.message:
        if answer.is_json:
            return Verdict(Action.ACCEPT)
        return Verdict(Action.RETRY, "the answer is not complete JSON")
    for rule in _TABLE:
        if rule.matches(answer):
            said = f": {answer.message[:200]}" if answer.message else ""
            reason = f"{rule.reason} ({answer.status}{said})"
            return Verdict(rule.action, reason, rule.remedy, rate_limited=rule.reason == _LIMIT)
    return Verdict(Action.SKIP, f"an error object instead of data ({answer.message[:200]})")


def read_answer(status: int, body: bytes) -> Answer:
    """The answer as the table needs it. Reads the body as an error only where it can be one.

    The three shapes of CoinGecko's errors and the one of CoinPaprika's are understood; anything else that
    isn't JSON is marked so.
    """
    text = body.strip()
    first, last = text[:1], text[-1:]
    whole = (first == b"[" and last == b"]") or (first == b"{" and last == b"}")
    if status == 200 and first == b"[":
        return Answer(status, is_json=whole)
    if first != b"{" or len(text) > 1_000_000:
        return Answer(status, is_json=whole)
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Answer(status, is_json=False)
    code, message = _error_in(said)
    return Answer(status, code=code, message=message)


def _error_in(said: dict[str, object]) -> tuple[int | None, str]:
    error = said.get("error")
    if isinstance(error, str):
        return None, error
    holder = error if isinstance(error, dict) else said
    status = holder.get("status")
    if isinstance(status, dict) and "error_code" in status:
        code = status["error_code"]
        return (int(code) if str(code).isdecimal() else None), str(status.get("error_message", "error"))
    return (None, "error") if error is not None else (None, "")
