"""`/metrics`: what this server does and how the data is, in Prometheus' text format."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import get_args

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from kasparro import __version__
from kasparro.api.metrics import Metrics
from kasparro.api.runs import RunStatus
from kasparro.api.single_flight import SingleFlight
from kasparro.api.watch import Totals, Watch
from kasparro.errors import KasparroError
from kasparro.store.summary import SourceSummary

router = APIRouter(tags=["health"])
_BUILD = GaugeMetricFamily("kasparro_build_info", "What answers", labels=["version"])
_BUILD.add_metric([__version__], 1)
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
            counts = self._metrics.rendered()
            try:
                totals = await self._watch.totals()
                told = [_BUILD, *_data(totals.sources, totals.runs), *_anomalies(totals), _database(1)]
            except KasparroError:
                told = [_BUILD, _database(0)]
            self._kept, self._kept_until = counts + _Told(told).text(), time.monotonic() + KEPT_S
        return self._kept


@router.get("/metrics", summary="Metrics", response_class=Response,
            responses={200: {"description": "The metrics",
                             "content": {"text/plain": {"schema": {"type": "string"}}}}})  # fmt: skip
async def metrics(request: Request) -> Response:
    """Requests by route, and the data's state, at most a second old. The counts of requests are those of all workers,
    and what is told of the data comes from the database, so that it's the same whichever worker answers."""
    text = await request.app.state.exposition.text()
    return Response(text, 200, {"cache-control": "no-store"}, CONTENT_TYPE_LATEST)


class _Told:
    """Gauges with the values of one moment. The library's own would write theirs where the workers count, for good."""

    def __init__(self, families: list[Metric]) -> None:
        self.collect = lambda: families

    def text(self) -> bytes:
        """As Prometheus reads them."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)


def _gauge(
    name: str, help_text: str, labels: list[str], values: Iterable[tuple[Sequence[str], float | None]]
) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for key, value in values:
        if value is not None:
            family.add_metric(key, value)
    return family


def _data(summaries: list[SourceSummary], runs: dict[str, int]) -> list[Metric]:
    now = datetime.now(UTC)

    def by_source(name: str, help_text: str, value: Callable[[SourceSummary], float | None]) -> Metric:
        return _gauge(f"kasparro_source_{name}", help_text, ["source"], [((s.source,), value(s)) for s in summaries])

    def moment(time: datetime | None) -> float | None:
        return time.timestamp() if time else None

    def lag(time: datetime | None) -> float | None:
        return (now - time).total_seconds() if time else None

    # All of them from the beginning: what appears with its first failure never shows to have risen.
    every = [((status,), runs.get(status, 0)) for status in get_args(RunStatus)]
    return [
        by_source("last_success_timestamp_seconds", "When a source last had a step with success",
                  lambda s: moment(s.last_success)),
        by_source("last_failure_timestamp_seconds", "When a source last had a step that failed",
                  lambda s: moment(s.last_failure)),
        by_source("last_update_timestamp_seconds", "When a source last brought something new",
                  lambda s: moment(s.last_update)),
        by_source("lag_seconds", "Seconds since a source's last success", lambda s: lag(s.last_success)),
        by_source("quotes", "Quotes in the ledger", lambda s: s.total_records),
        by_source("records", "Records of all payloads", lambda s: s.total_raw_records),
        by_source("listings", "Coins with a newest quote", lambda s: s.listings),
        by_source("rejections_open", "Records that were not accepted and still aren't", lambda s: s.open_rejections),
        by_source("quota_used", "Calls of this month", lambda s: s.quota_used),
        by_source("quota_limit", "Calls that the plan allows this month; absent where it knows no limit",
                  lambda s: s.quota_limit),
        _gauge("kasparro_runs", "Runs by status", ["status"], every),
    ]  # fmt: skip


def _anomalies(totals: Totals) -> list[Metric]:
    return [
        _gauge("kasparro_anomalies_open", "Anomalies that last and haven't ended", ["source", "kind"],
               totals.lasting.items()),
        _gauge("kasparro_last_run_anomalies", "Anomalies that the newest run that has ended was the first to find",
               ["severity"], [((severity,), number) for severity, number in totals.last_run.items()]),
    ]  # fmt: skip


def _database(reachable: int) -> Metric:
    return _gauge("kasparro_database_up", "Whether the database answers", [], [((), reachable)])
