"""Field drift: how a payload's fields differ from those that its parser knows."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from enum import StrEnum

import msgspec


class DriftKind(StrEnum):
    """What happened to a field."""

    NEW = "new"
    MISSING = "missing"
    TYPE = "type"
    RENAMED = "renamed"


class Drift(msgspec.Struct, frozen=True):
    """One difference between the fields seen and the fields known.

    `field` is the known name (the new one for NEW), `found` what stands there now: a type, or for RENAMED
    the new name with `confidence` between 0 and 1. `required` tells whether the parser can do without it.
    """

    field: str
    kind: DriftKind
    found: str = ""
    confidence: float | None = None
    required: bool = False

    def __str__(self) -> str:
        match self.kind:
            case DriftKind.NEW:
                return f"new field {self.field!r} ({self.found})"
            case DriftKind.MISSING:
                return f"field {self.field!r} is missing"
            case DriftKind.TYPE:
                return f"field {self.field!r} holds {self.found}"
            case DriftKind.RENAMED:
                percent = round((self.confidence or 0) * 100)
                return f"field {self.field!r} is missing, likely renamed to {self.found!r} ({percent} %)"


RENAME_FLOOR = 0.5
"""Below this likeness two names are not called a rename."""


def kind_of(value: object) -> str:
    """The JSON type of a decoded value: null, boolean, number, string, array or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def compare_fields(
    seen: Mapping[str, str], known: Mapping[str, str], required: Iterable[str], absent_ok: Iterable[str] = ()
) -> list[Drift]:
    """The drift between the fields `seen` in a payload and those `known` to its parser.

    Both map a field's name to its JSON type ("null" for seen fields that were never anything else).
    `required` names the fields that the parser can't do without; `absent_ok` those that a provider's plan
    may leave out. A missing field and a new one of the same type and a like name are called a rename.
    """
    needed, may_lack = set(required), set(absent_ok)
    missing = sorted(name for name in known if name not in seen and name not in may_lack)
    new = sorted(name for name in seen if name not in known)
    drifts: list[Drift] = []
    for name in missing:
        alone = len(missing) == 1 and len(new) == 1
        likely = _likely_rename(name, known[name], {n: seen[n] for n in new}, alone=alone)
        if likely is None:
            drifts.append(Drift(name, DriftKind.MISSING, required=name in needed))
        else:
            target, confidence = likely
            new.remove(target)
            drifts.append(Drift(name, DriftKind.RENAMED, target, confidence, required=name in needed))
    drifts += [Drift(name, DriftKind.NEW, seen[name]) for name in new]
    drifts += [
        Drift(name, DriftKind.TYPE, seen[name], required=name in needed)
        for name in sorted(known)
        if name in seen and seen[name] not in ("null", known[name]) and known[name] != "any"
    ]
    return drifts


def _likely_rename(name: str, json_type: str, new: Mapping[str, str], *, alone: bool) -> tuple[str, float] | None:
    """The best new name for `name` and its confidence; `alone` when nothing else vanished or appeared."""
    best: tuple[str, float] | None = None
    for candidate, found in new.items():
        likeness = _likeness(name, candidate)
        if found not in (json_type, "null"):
            likeness *= 0.5
        elif alone:
            likeness += 0.3 * (1 - likeness)
        if likeness >= RENAME_FLOOR and (best is None or likeness > best[1]):
            best = (candidate, round(likeness, 2))
    return best


def _likeness(one: str, other: str) -> float:
    """How alike two field names are, 0 to 1: shared words count as much as shared letters."""
    words, others = set(one.lower().split("_")), set(other.lower().split("_"))
    shared = len(words & others) / len(words | others)
    letters = SequenceMatcher(None, one.lower(), other.lower()).ratio()
    return max(letters, (shared + letters) / 2)
