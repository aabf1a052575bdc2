"""Traces: what was done within what, and how long it took; told to a collector where one is set.

Where none is, nothing that records is loaded, and a span costs a function's call.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Literal, Protocol

import structlog

log = structlog.stdlib.get_logger(__name__)

Value = str | int | float | bool
Kind = Literal["internal", "server", "client"]
_NOTHING: Mapping[str, Value] = {}


class Span(Protocol):
    """A piece of work under way."""

    def rename(self, name: str) -> None:
        """Call it something else, which is known only now."""

    def note(self, name: str, value: Value) -> None:
        """Add what is known only now."""

    def fail(self, why: str) -> None:
        """Mark it as failed. `why` is a word, no message: those may hold secrets."""


class Recorder(Protocol):
    """What keeps spans and sends them."""

    def span(
        self, name: str, kind: Kind, parent: str | None, about: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        """A span for as long as the block lasts; what raises marks it as failed."""
        ...

    def current(self) -> str | None:
        """The span that lasts now, as the text that `parent` understands."""
        ...

    def flush(self) -> None:
        """Send what has ended; comes back when that is done or given up."""
        ...


class _Unseen:
    """A span that nobody looks at, and what would record it."""

    def span(self, name: str, kind: Kind, parent: str | None, about: Mapping[str, Value]) -> "_Unseen":
        return self

    def current(self) -> None:
        return None

    def flush(self) -> None: ...

    def rename(self, name: str) -> None: ...

    def note(self, name: str, value: Value) -> None: ...

    def fail(self, why: str) -> None: ...

    def __enter__(self) -> "_Unseen":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None


class _Process:
    """What this process does with its spans."""

    recorder: Recorder = _Unseen()


def configure_traces(endpoint: str) -> None:
    """From now on, send the spans of this process to the collector at `endpoint`, by OTLP over HTTP.

    Without the packages of the extra `otel` a warning is all that comes of it: the variable is one that whole machines
    set for all that runs there.
    """
    try:
        from kasparro.observability.collector import Collected
    except ImportError as missing:
        log.warning("traces_not_sent", missing=missing.name, remedy="pip install 'kasparro[otel]', or `make otel`")
        return
    _Process.recorder = Collected(endpoint)


def span(
    name: str, *, kind: Kind = "internal", parent: str | None = None, about: Mapping[str, Value] = _NOTHING
) -> AbstractContextManager[Span]:
    """A span for as long as the block lasts, below the one that lasts already, or below `parent` (a `traceparent` of
    W3C's Trace Context)."""
    return _Process.recorder.span(name, kind, parent, about)


def current_trace() -> str | None:
    """The span that lasts now, as a `traceparent`; None where nothing is traced."""
    return _Process.recorder.current()


def flush_traces() -> None:
    """Send what has ended, before a process ends in a way that leaves no time for it."""
    _Process.recorder.flush()
