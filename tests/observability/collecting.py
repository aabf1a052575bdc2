"""A collector of traces: takes OTLP over HTTP on a port of its own, and keeps what it is told."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

_KINDS = {1: "internal", 2: "server", 3: "client"}


class Seen(msgspec.Struct, frozen=True):
    """A span that came. Ids are in hexadecimal, `parent` is empty for the first of a trace."""

    trace: str
    span: str
    parent: str
    name: str
    kind: str
    about: dict[str, object]
    failed: bool
    service: str


class Collector:
    """What came, in the order in which it came."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[Seen] = []

    def take(self, body: bytes) -> None:
        """Read one message."""
        message = ExportTraceServiceRequest.FromString(body)
        for resource in message.resource_spans:
            service = str(_values(resource.resource.attributes)["service.name"])
            for scope in resource.scope_spans:
                self.spans += [
                    Seen(
                        span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name,
                        _KINDS[span.kind], _values(span.attributes), span.status.code == 2, service,
                    )
                    for span in scope.spans
                ]  # fmt: skip


def _values(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
