"""Answers that are shown, compared with real ones.

`…` stands for what is left out: members of an object, elements of an array, a part of a text. What the clock, the
machine or chance decides is compared by its kind: moments with a fraction of a second, and the members of VARYING.
"""

import json
import re
from decimal import Decimal
from typing import Any

VARYING = {
    "api_latency_ms", "commit", "database_version", "day", "duration_seconds", "lag_seconds", "latency_ms",
    "next_scheduled", "platform", "python", "request_id", "seconds", "started_at", "today", "uptime_seconds",
}  # fmt: skip
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|…|[\[\]{}]|[^"…\[\]{}]+')
_CHANCES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(?!0+Z)\d+Z"), "MOMENT"),
    (re.compile(r'W/"[0-9a-f]{24}"'), "ETAG"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "REQUEST"),
)


def read_shown(text: str) -> Any:
    """What a shown JSON document says, with `…` as a member or an element."""
    tokens, within = [], []
    for token in _TOKENS.findall(text):
        if token in "[{":
            within.append(token)
        elif token in "]}":
            within.pop()
        tokens.append({"{": '"…": null', "[": '"…"'}[within[-1]] if token == "…" else token)
    return read_real("".join(tokens))


def read_real(text: str) -> Any:
    """What a JSON document says, to the last digit."""
    return json.loads(text, parse_float=Decimal)


def differences(shown: Any, real: Any, where: str = "") -> list[str]:
    """What is not as shown, each with the place where."""
    name = where.rpartition(".")[2]
    if isinstance(shown, dict) and isinstance(real, dict):
        named = shown.keys() - {"…"}
        wrong = [f"{where}.{key} is not there" for key in named - real.keys()]
        if "…" not in shown:
            wrong += [f"{where}.{key} is not shown" for key in real.keys() - named]
        if "seconds" in (name, shown.get("measure")):
            return wrong
        return wrong + [
            one for key in named & real.keys() for one in differences(shown[key], real[key], f"{where}.{key}")
        ]
    if isinstance(shown, list) and isinstance(real, list):
        left_out = shown[-1:] == ["…"]
        wanted = shown[:-1] if left_out else shown
        if len(real) <= len(wanted) if left_out else len(real) != len(wanted):
            return [f"{where} has {len(real)} elements"]
        return [
            one
            for at, pair in enumerate(zip(wanted, real, strict=False))
            for one in differences(*pair, f"{where}[{at}]")
        ]
    if name in VARYING:
        return [] if _kind(shown) == _kind(real) else [f"{where} is {real!r}, shown as {shown!r}"]
    same = same_text(shown, real) if isinstance(shown, str) and isinstance(real, str) else shown == real
    return [] if same and _kind(shown) == _kind(real) else [f"{where} is {real!r}, shown as {shown!r}"]


def same_text(shown: str, real: str) -> bool:
    """Whether a text is as shown, but for what `…` leaves out and for what chance decides."""
    parts = [re.escape(_without_chance(part)) for part in shown.split("…")]
    return re.fullmatch(".*".join(parts), _without_chance(real), re.DOTALL) is not None


def _without_chance(text: str) -> str:
    for pattern, word in _CHANCES:
        text = pattern.sub(word, text)
    return text


def _kind(value: Any) -> str:
    if isinstance(value, int | Decimal | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__
