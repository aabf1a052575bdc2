"""The sandbox's own endpoints, for tests and for people: faults, request counts, the clock."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import msgspec

from kasparro.sandbox.answers import Answer, document
from kasparro.sandbox.clock import Clock, millis_text
from kasparro.sandbox.faults import FaultBoard, FaultSyntaxError, parse_fault
from kasparro.sandbox.http import Request


class _Move(msgspec.Struct):
    at: datetime | None


class Control:
    """Answers requests below `/_sandbox`. Plans, faults and counts don't touch these."""

    def __init__(self, faults: FaultBoard, clock: Clock, counts: Counter[tuple[str, str, int]]) -> None:
        self._faults = faults
        self._clock = clock
        self._counts = counts

    def answer(self, request: Request) -> Answer:
        endpoints: dict[tuple[str, str], Callable[[bytes], Answer]] = {
            ("GET", "/_sandbox/faults"): self._fault_list,
            ("POST", "/_sandbox/faults"): self._add_faults,
            ("DELETE", "/_sandbox/faults"): self._clear_faults,
            ("GET", "/_sandbox/requests"): self._requests,
            ("GET", "/_sandbox/clock"): self._time,
            ("POST", "/_sandbox/clock"): self._move,
        }
        endpoint = endpoints.get((request.method, request.path))
        if endpoint is None:
            return document({"error": "the sandbox has faults, requests and clock here"}, 404)
        return endpoint(request.body)

    def _clear_faults(self, body: bytes) -> Answer:
        self._faults.clear()
        return self._fault_list(body)

    def _fault_list(self, _: bytes) -> Answer:
        return document({"faults": [str(fault) for fault in self._faults.faults]})

    def _add_faults(self, body: bytes) -> Answer:
        """One fault a line; either all are added or, when one is wrong, none."""
        try:
            faults = [parse_fault(line) for line in body.decode().splitlines() if line.strip()]
        except (FaultSyntaxError, UnicodeDecodeError) as wrong:
            return document({"error": str(wrong)}, 400)
        for fault in faults:
            self._faults.add(fault)
        return self._fault_list(body)

    def _requests(self, _: bytes) -> Answer:
        """Counts by provider, path and status; status 0 is a request that got no answer."""
        rows = [
            {"provider": provider, "path": path, "status": status, "count": count}
            for (provider, path, status), count in sorted(self._counts.items())
        ]
        return document({"total": self._counts.total(), "requests": rows})

    def _time(self, _: bytes) -> Answer:
        return document({"now": millis_text(self._clock.now()), "frozen": self._clock.frozen})

    def _move(self, body: bytes) -> Answer:
        try:
            at = msgspec.json.decode(body, type=_Move).at
        except msgspec.MsgspecError as wrong:
            return document({"error": str(wrong)}, 400)
        if at is not None and at.tzinfo is None:
            return document({"error": "give the moment with a time zone"}, 400)
        self._clock.move(at)
        return self._time(body)
