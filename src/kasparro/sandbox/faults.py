"""Faults on request: what goes wrong, for which requests, how often; and how that is written.

One fault is one line: `PROVIDER:PATH[?QUERY] KIND[=VALUE] [OPTION=VALUE ...]`, for example
`coingecko:/coins/markets?page=3 status=429 retry_after=2 times=1`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl, urlencode

from kasparro.errors import ExitCode, Fatal

PROVIDERS = ("coingecko", "coinpaprika")


class FaultSyntaxError(Fatal):
    """A fault isn't written as faults are written."""

    exit_code = ExitCode.USAGE


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    HTML = "html"
    TRUNCATED = "truncated"
    SLOW = "slow"
    RESET = "reset"
    ERROR200 = "error200"
    WRONG_JSON = "wrong-json"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    BAD_RECORD = "bad-record"
    DRIFT = "drift"
    SHIFT = "shift"


# Per kind: the value when none is given (None: it must be given), and what a value must look like.
_VALUES: dict[FaultKind, tuple[str | None, str]] = {
    FaultKind.STATUS: (None, r"[1-5]\d\d"),
    FaultKind.HTML: ("", ""),
    FaultKind.TRUNCATED: ("", ""),
    FaultKind.SLOW: (None, r"\d{1,4}(\.\d+)?"),
    FaultKind.RESET: ("", ""),
    FaultKind.ERROR200: ("", ""),
    FaultKind.WRONG_JSON: ("object", "object|string|number|broken"),
    FaultKind.EMPTY: ("body", "body|list"),
    FaultKind.DUPLICATE: ("1", r"[1-9]\d{0,2}"),
    FaultKind.BAD_RECORD: ("nan", "nan|missing-id|huge|text|not-object|off"),
    FaultKind.DRIFT: (
        None,
        r"rename:[^:]+:[^:]+|drop:[^:]+|add:[^:]+|type:[^:]+:(string|number|null|list|object|boolean)",
    ),
    FaultKind.SHIFT: ("1", r"-?[1-9]\d{0,2}"),
}
# Options: a whole number each, with its least value; `status` is one where the kind isn't itself a status.
_OPTIONS = {"retry_after": 0, "times": 1, "after": 0, "code": 1, "status": 200}
_HOW = (
    "Write PROVIDER:PATH[?QUERY] KIND[=VALUE] [OPTION=VALUE ...],"
    " such as coingecko:/coins/markets?page=3 status=429 times=1."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    It strikes requests to `provider` (`*`: both) whose path below the provider's root matches `path` (`*`
    stands for anything) and whose query has all pairs of `query`: after the first `after` of them, `times`
    times (None: always). `status`, `retry_after` (seconds) and `code` (CoinGecko's error code) shape the
    answer where the kind makes one.
    """

    provider: str
    path: str
    kind: FaultKind
    value: str = ""
    query: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    retry_after: int | None = None
    code: int | None = None
    times: int | None = None
    after: int = 0

    def matches(self, provider: str, path: str, query: Mapping[str, str]) -> bool:
        return (
            self.provider in ("*", provider)
            and fnmatchcase(path, self.path)
            and all(query.get(name) == value for name, value in self.query)
        )

    def __str__(self) -> str:
        target = f"{self.provider}:{self.path}" + (f"?{urlencode(self.query)}" if self.query else "")
        words = [target, f"{self.kind}={self.value}" if self.value else str(self.kind)]
        for name in ("status", "retry_after", "code", "times", "after"):
            if number := getattr(self, name):
                words.append(f"{name}={number}")
        return " ".join(words)


def parse_fault(text: str) -> Fault:
    """The fault that `text` writes. Raises FaultSyntaxError that names the part that is wrong."""
    target, *words = text.split() or [""]
    provider, colon, rest = target.partition(":")
    path, _, query = rest.partition("?")
    if not colon or provider not in (*PROVIDERS, "*") or not path.startswith(("/", "*")):
        raise FaultSyntaxError(f"{target!r} isn't a provider and a path", remedy=_HOW)
    kinds: list[tuple[FaultKind, str]] = []
    options: dict[str, int] = {}
    for word in sorted(words, key=lambda word: word.startswith("status=")):
        name, given, value = word.partition("=")
        if name in set(FaultKind) and not (name == "status" and kinds):
            kinds.append((FaultKind(name), _value(FaultKind(name), value if given else None)))
        elif name in _OPTIONS:
            options[name] = _option(name, value)
        else:
            known = ", ".join((*FaultKind, *_OPTIONS))
            raise FaultSyntaxError(f"{word!r} is no kind of fault and no option", remedy=f"Known are: {known}.")
    if len(kinds) != 1:
        raise FaultSyntaxError(f"a fault has exactly one kind, {text!r} has {len(kinds)}", remedy=_HOW)
    (kind, value) = kinds[0]
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    after = options.pop("after", 0)
    return Fault(provider, path, kind, value, pairs, after=after, **options)


def _value(kind: FaultKind, given: str | None) -> str:
    default, pattern = _VALUES[kind]
    value = default if given is None else given
    if value is None or (not re.fullmatch(pattern, value) and value != default):
        shown = "nothing" if value is None else repr(value)
        accepted = pattern or "no value"
        raise FaultSyntaxError(f"the fault {kind} has {shown} as its value", remedy=f"Accepted: {accepted}.")
    return value


def _option(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 9 or int(value) < _OPTIONS[name]:
        raise FaultSyntaxError(
            f"the option {name} has the value {value!r}", remedy=f"Give a whole number from {_OPTIONS[name]}."
        )
    return int(value)


class FaultBoard:
    """The faults in force, and how often each has met its requests."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._met: list[tuple[Fault, list[int]]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        self._met.append((fault, [0]))

    def clear(self) -> None:
        self._met.clear()

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for fault, _ in self._met)

    def strike(self, provider: str, path: str, query: Mapping[str, str]) -> list[Fault]:
        """The faults that strike this request, oldest first; it is counted for each it matches."""
        struck = []
        for fault, met in self._met:
            if not fault.matches(provider, path, query):
                continue
            met[0] += 1
            turn = met[0] - fault.after
            if turn > 0 and (fault.times is None or turn <= fault.times):
                struck.append(fault)
        return struck
