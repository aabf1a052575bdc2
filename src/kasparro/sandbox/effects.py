"""What a fault does to an answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from kasparro.sandbox import coinpaprika, edits, gecko_errors
from kasparro.sandbox.answers import Answer, array
from kasparro.sandbox.faults import Fault, FaultKind

_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head>"
    b"<body><h1>Sorry, you have been blocked</h1><p>error code: 1020</p></body></html>\n"
)
_WRONG = {
    "object": b'{"unexpected":true}',
    "string": b'"unexpected"',
    "number": b"42",
    "broken": b'[{"id":"bitcoin","current_price":',
}


class Manner(Enum):
    """How an answer goes over the wire."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Scene:
    """The request an effect plays in: whose it is, the time stamp of errors, and the pages around its own.

    `page(step)` gives the records of the page so many pages further; none where there is no such page.
    """

    provider: str
    now: str
    page: Callable[[int], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer after the faults that struck it; `delay` in seconds."""

    answer: Answer
    delay: float = 0.0
    manner: Manner = Manner.WHOLE


def suffer(faults: Iterable[Fault], answer: Answer, scene: Scene) -> Outcome:
    """The answer after all faults, in their order."""
    outcome = Outcome(answer)
    for fault in faults:
        outcome = _suffer_one(fault, outcome, scene)
    return outcome


def _suffer_one(fault: Fault, outcome: Outcome, scene: Scene) -> Outcome:
    match fault.kind:
        case FaultKind.SLOW:
            return replace(outcome, delay=outcome.delay + float(fault.value))
        case FaultKind.RESET:
            return replace(outcome, manner=Manner.RESET)
        case FaultKind.TRUNCATED:
            return replace(outcome, manner=Manner.TRUNCATED)
        case FaultKind.DRIFT | FaultKind.BAD_RECORD | FaultKind.DUPLICATE | FaultKind.SHIFT:
            return replace(outcome, answer=_edited(fault, outcome.answer, scene))
    answer = _replacement(fault, scene)
    if fault.retry_after is not None:
        answer = replace(answer, headers=(*answer.headers, ("Retry-After", str(fault.retry_after))))
    return replace(outcome, answer=replace(answer, origin=outcome.answer.origin))


def _replacement(fault: Fault, scene: Scene) -> Answer:
    status = fault.status or 200
    if fault.kind is FaultKind.HTML:
        return Answer(status, _HTML, content_type="text/html; charset=UTF-8")
    if fault.kind is FaultKind.EMPTY:
        return Answer(status, b"[]" if fault.value == "list" else b"")
    if fault.kind is FaultKind.WRONG_JSON:
        return Answer(status, _WRONG[fault.value])
    error = fault.kind is FaultKind.ERROR200
    code = (fault.code or 429) if error else int(fault.value)
    if scene.provider == "coinpaprika":
        answer = coinpaprika.of_status(code)
    elif error:
        answer = gecko_errors.coded(200, code, scene.now)
    else:
        answer = gecko_errors.of_status(code, fault.code, scene.now)
    return replace(answer, status=200) if error else answer


def _edited(fault: Fault, answer: Answer, scene: Scene) -> Answer:
    if answer.status != 200:
        return answer
    if answer.records is None:
        alone = answer.body.startswith(b"{") and fault.kind in (FaultKind.DRIFT, FaultKind.BAD_RECORD)
        return replace(answer, body=_reshaped(fault, (answer.body,))[0]) if alone else answer
    if fault.kind is FaultKind.DUPLICATE:
        records = _duplicated(answer.records, int(fault.value), scene)
    elif fault.kind is FaultKind.SHIFT:
        records = _shifted(answer.records, int(fault.value), scene)
    else:
        records = _reshaped(fault, answer.records)
    return array(records, answer.headers, answer.origin)


def _reshaped(fault: Fault, records: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if fault.kind is FaultKind.DRIFT:
        return tuple(edits.drift(record, fault.value) for record in records)
    middle = len(records) // 2
    return tuple(
        edits.broken(record, fault.value) if place == middle else record for place, record in enumerate(records)
    )


def _duplicated(records: tuple[bytes, ...], count: int, scene: Scene) -> tuple[bytes, ...]:
    """The end of the page before, then this page; the first page repeats its own beginning."""
    before = scene.page(-1)
    return (before[-count:] if before else records[:count]) + records


def _shifted(records: tuple[bytes, ...], by: int, scene: Scene) -> tuple[bytes, ...]:
    """The page as it is once `by` coins have overtaken it (negative: dropped out above it).

    With the page before unshifted, `by` coins come twice, or as many come never.
    """
    if by > 0:
        around = scene.page(-1)[-by:] + records
        return tuple(edits.moved(record, by) for record in around[: len(records)])
    around = records[-by:] + scene.page(1)[:-by]
    return tuple(edits.moved(record, by) for record in around)
