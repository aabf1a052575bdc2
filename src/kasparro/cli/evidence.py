"""Evidence: what a decision rests on, as lines that a person can read."""

from collections.abc import Iterator, Mapping
from typing import Any


def evidence_lines(evidence: Mapping[str, Any]) -> Iterator[str]:
    """A line for each thing that was found; what stands inside of another is set in."""
    for name, value in evidence.items():
        label = name.replace("_", " ")
        if isinstance(value, Mapping):
            yield f"{label}:"
            yield from (f"  {line}" for line in evidence_lines(value))
        elif isinstance(value, list) and len(value) > 1 and all(isinstance(each, str) for each in value):
            yield f"{label}:"
            yield from (f"  {each}" for each in value)
        else:
            yield f"{label}: {_text(value)}"


def _text(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case list():
            return " and ".join(map(_text, value))
        case float() if abs(value) >= 1:
            return f"{value:,.15g}"
        case _:
            return str(value)
