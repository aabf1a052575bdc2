"""Spans kept by OpenTelemetry's SDK, and sent to a collector. Needs the packages of the extra `otel`."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from kasparro import __version__
from kasparro.observability.traces import Kind, Value

_PATIENCE_S = 3.0
"""For the collector, where OTEL_EXPORTER_OTLP_TIMEOUT is unset: a dead one must not keep a process from ending."""
_KINDS = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_TEXT = TraceContextTextMapPropagator()


class Collected:
    """Sends what was recorded every few seconds, and at the end of the process. The variables OTEL_SERVICE_NAME,
    OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS and OTEL_TRACES_SAMPLER mean what they always do."""

    def __init__(self, endpoint: str) -> None:
        # One line for each failure would fill the log while the collector is away.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        provider = TracerProvider(
            resource=Resource.create(
                {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or "kasparro", SERVICE_VERSION: __version__}
            )
        )
        patience = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else _PATIENCE_S
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=patience)
        self._sender = BatchSpanProcessor(exporter)
        provider.add_span_processor(self._sender)
        self._tracer = provider.get_tracer("kasparro", __version__)

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None, about: Mapping[str, Value]) -> Iterator["_Seen"]:
        """A span for as long as the block lasts; what raises marks it as failed."""
        within: Context | None = _TEXT.extract({"traceparent": parent}) if parent else None
        # What an error says may hold a secret: its kind is all that is told.
        with self._tracer.start_as_current_span(
            name, within, _KINDS[kind], about, record_exception=False, set_status_on_exception=False
        ) as span:
            seen = _Seen(span)
            try:
                yield seen
            except Exception as error:
                seen.fail(type(error).__name__)
                raise

    def current(self) -> str | None:
        """The span that lasts now, as a `traceparent`."""
        carrier: dict[str, str] = {}
        _TEXT.inject(carrier)
        return carrier.get("traceparent")

    def flush(self) -> None:
        """Send what has ended; comes back when that is done or given up."""
        self._sender.force_flush()


class _Seen:
    """A span that is kept."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Call it something else."""
        self._span.update_name(name)

    def note(self, name: str, value: Value) -> None:
        """Add what is known only now."""
        self._span.set_attribute(name, value)

    def fail(self, why: str) -> None:
        """Mark it as failed."""
        self._span.set_attribute("error.type", why)
        self._span.set_status(Status(StatusCode.ERROR))
