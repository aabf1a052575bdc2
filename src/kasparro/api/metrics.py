"""Metrics of the edge, by route template; right under several workers, since all write into one folder of files."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counts what the edge does. The folder is that of PROMETHEUS_MULTIPROC_DIR, set before this is imported."""

    def __init__(self) -> None:
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
        """Count an answer."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def cached(self) -> None:
        """Count an answer from the cache."""
        self._cached.inc()

    def shed(self) -> None:
        """Count a request refused because too many waited."""
        self._shed.inc()

    def not_limited(self) -> None:
        """Count a request that the rate limit let through because it couldn't count it."""
        self._open.inc()

    def rendered(self) -> bytes:
        """The counts of all workers, in Prometheus' text format."""
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
