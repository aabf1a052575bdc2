"""Metrics of the edge, by route template; right under several workers, since all write into one folder of files."""

import asyncio
from collections import defaultdict

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

FLUSH_S = 0.25


class Metrics:
    """Counts what the edge does. The folder is that of PROMETHEUS_MULTIPROC_DIR, set before this is imported."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        self._from_cache = 0
        self._flushing: asyncio.TimerHandle | None = None
        registry = CollectorRegistry()
        self._requests = Counter(
            "kasparro_http_requests", "Answers by method, route and status", ["method", "route", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "kasparro_http_request_duration_seconds", "Time from a request's arrival to its answer's end",
            ["method", "route"], buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self._cached = Counter("kasparro_http_cached", "Answers that came from the cache", registry=registry)
        self._shed = Counter("kasparro_http_shed", "Requests refused because too many waited", registry=registry)
        self._open = Counter(
            "kasparro_rate_limit_open", "Requests let through because they couldn't be counted", registry=registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; it shows within FLUSH_S."""
        self._answered[method, route, status].append(seconds)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write down what was counted since the last time: a thousand answers for the price of a few."""
        answered, self._answered = self._answered, defaultdict(list)
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._cached.inc(self._from_cache)
        self._from_cache = 0
        for (given, route, status), seconds in answered.items():
            method = given if given in _METHODS else "OTHER"
            self._requests.labels(method, route, str(status)).inc(len(seconds))
            histogram = self._seconds.labels(method, route)
            # The library observes one by one only.
            histogram._sum.inc(sum(seconds))
            places = np.searchsorted(_BUCKETS, seconds)
            for place, count in zip(*np.unique(places, return_counts=True), strict=True):
                histogram._buckets[place].inc(int(count))

    def cached(self) -> None:
        """Count an answer from the cache, which `answered` counts as well."""
        self._from_cache += 1

    def shed(self) -> None:
        """Count a request refused because too many waited."""
        self._shed.inc()

    def not_limited(self) -> None:
        """Count a request that the rate limit let through because it couldn't count it."""
        self._open.inc()

    def rendered(self) -> bytes:
        """The counts of all workers, in Prometheus' text format."""
        self.flush()
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
