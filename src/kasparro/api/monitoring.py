"""`/metrics`: what this server does and how the data is, in Prometheus' text format."""

import time
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from kasparro.api.metrics import Metrics
from kasparro.api.single_flight import SingleFlight
from kasparro.api.watch import Totals, Watch
from kasparro.errors import KasparroError
from kasparro.store.summary import SourceSummary

router = APIRouter(tags=["health"])
KEPT_S = 1.0
"""How long the text is given again: it isn't limited, and making it takes tens of milliseconds."""


class Exposition:
    """The text of one worker's `/metrics`."""

    def __init__(self, metrics: Metrics, watch: Watch) -> None:
        self.text = SingleFlight(self._text).ask
        self._metrics = metrics
        self._watch = watch
        self._kept = b""
        self._kept_until = 0.0

    async def _text(self) -> bytes:
        if time.monotonic() >= self._kept_until:
            text = self._metrics.rendered()
            try:
                totals = await self._watch.totals()
                text += _data(totals.sources, totals.runs) + _anomalies(totals) + _database(1)
            except KasparroError:
                text += _database(0)
            self._kept, self._kept_until = text, time.monotonic() + KEPT_S
        return self._kept


@router.get("/metrics", summary="Metrics", response_class=Response,
            responses={200: {"description": "The metrics",
                             "content": {"text/plain": {"schema": {"type": "string"}}}}})  # fmt: skip
async def metrics(request: Request) -> Response:
    """Requests by route, and the data's state, at most a second old. The counts of requests are those of all workers,
    and what is told of the data comes from the database, so that it's the same whichever worker answers."""
    text = await request.app.state.exposition.text()
    return Response(text, 200, {"cache-control": "no-store"}, CONTENT_TYPE_LATEST)


def _data(summaries: list[SourceSummary], runs: dict[str, int]) -> bytes:
    registry = CollectorRegistry()
    now = datetime.now(UTC)

    def gauge(name: str, help_text: str, values: dict[str, float | None], label: str = "source") -> None:
        shown = Gauge(name, help_text, [label], registry=registry)
        for key, value in values.items():
            if value is not None:
                shown.labels(key).set(value)

    def moment(time: datetime | None) -> float | None:
        return time.timestamp() if time else None

    def lag(time: datetime | None) -> float | None:
        return (now - time).total_seconds() if time else None

    by_source = {summary.source: summary for summary in summaries}
    gauge("kasparro_source_last_success_timestamp_seconds", "When a source last had a step with success",
          {name: moment(s.last_success) for name, s in by_source.items()})  # fmt: skip
    gauge("kasparro_source_last_update_timestamp_seconds", "When a source last brought something new",
          {name: moment(s.last_update) for name, s in by_source.items()})  # fmt: skip
    gauge("kasparro_source_lag_seconds", "Seconds since a source's last success",
          {name: lag(s.last_success) for name, s in by_source.items()})  # fmt: skip
    gauge("kasparro_source_quotes", "Quotes in the ledger", {name: s.total_records for name, s in by_source.items()})
    gauge("kasparro_source_records", "Records of all payloads",
          {name: s.total_raw_records for name, s in by_source.items()})  # fmt: skip
    gauge("kasparro_source_listings", "Coins with a newest quote", {name: s.listings for name, s in by_source.items()})
    gauge("kasparro_source_rejections_open", "Records that were not accepted and still aren't",
          {name: s.open_rejections for name, s in by_source.items()})  # fmt: skip
    gauge("kasparro_source_quota_used", "Calls of this month", {name: s.quota_used for name, s in by_source.items()})
    gauge("kasparro_runs", "Runs by status", dict(runs), "status")
    return generate_latest(registry)


def _anomalies(totals: Totals) -> bytes:
    registry = CollectorRegistry()
    lasting = Gauge("kasparro_anomalies_open", "Anomalies that last and haven't ended", ["source", "kind"],
                    registry=registry)  # fmt: skip
    for (source, kind), number in totals.lasting.items():
        lasting.labels(source, kind).set(number)
    last = Gauge("kasparro_last_run_anomalies", "Anomalies that the newest run that has ended was the first to find",
                 ["severity"], registry=registry)  # fmt: skip
    for severity, number in totals.last_run.items():
        last.labels(severity).set(number)
    return generate_latest(registry)


def _database(reachable: int) -> bytes:
    registry = CollectorRegistry()
    Gauge("kasparro_database_up", "Whether the database answers", registry=registry).set(reachable)
    return generate_latest(registry)
