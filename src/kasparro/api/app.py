"""The app: all resources, behind the edge."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from fastapi import Depends, FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from kasparro import __version__
from kasparro.api import (
    anomalies,
    asset,
    asset_links,
    asset_list,
    coins,
    coverage,
    data,
    description,
    disagreements,
    documentation,
    etl,
    health,
    monitoring,
    prices,
    problems,
    quality,
    receipts,
    runs,
    signing_in,
    stats,
    suggestions,
    system,
    universe,
)
from kasparro.api.asking import known_parameters
from kasparro.api.cache import AnswerCache
from kasparro.api.clients import Clients
from kasparro.api.cors import Shared
from kasparro.api.desk import Desk
from kasparro.api.edge import Edge
from kasparro.api.gate import Gate
from kasparro.api.inside import Inside
from kasparro.api.limits import RateLimiter
from kasparro.api.metrics import Metrics
from kasparro.api.monitoring import Exposition
from kasparro.api.traced import TracedEdge
from kasparro.api.watch import Watch
from kasparro.config import Settings
from kasparro.dashboard.app import make_pages, problem_page
from kasparro.dashboard.door import Admit
from kasparro.dashboard.files import addresses as files_of_pages
from kasparro.dashboard.live import Streams
from kasparro.dashboard.rendering import warm
from kasparro.dashboard.visit import House
from kasparro.store.kept import KeptConnection
from kasparro.store.pool import Pool
from kasparro.store.pulse import Pulse

_ROOMS = (
    system, health, data, coins, asset_list, asset, asset_links, prices, disagreements, universe, suggestions, stats,
    runs, etl, receipts, quality, coverage, anomalies, monitoring, documentation,
    signing_in,
)  # fmt: skip
_CACHE_BYTES = 64 * 1024 * 1024
_PULSE_SECONDS = 2.0
_COUNT_SECONDS = 1.0
_WRITERS = 2
_PAGES_WARM_AFTER_S = 0.5
"""The first answers go first."""


def make_app(
    settings: Settings, *, read_url: str, write_url: str, sources: Sequence[str], etl_sources: Sequence[str],
    exposed: bool,
) -> ASGIApp:  # fmt: skip
    """The API of one worker, ready for the server. `sources` are all there are, `etl_sources` those that a run takes
    when none are named; `exposed` when others than this machine can reach it."""
    timeout = float(settings.database_timeout)
    reader = Pool(
        read_url, size=settings.database_pool_size, timeout=timeout, waiting=settings.api_max_waiting, read_only=True
    )
    writer = Pool(write_url, size=_WRITERS, timeout=timeout, waiting=settings.api_max_waiting, read_only=False)
    pulse = Pulse(read_url, timeout=_PULSE_SECONDS)
    counter = KeptConnection(write_url, more="-c synchronous_commit=off", timeout=_COUNT_SECONDS)
    desk = Desk(settings, reader, writer, pulse, sources)
    watch = Watch(read_url, desk.sources)
    metrics = Metrics()
    streams = Streams()
    limit = settings.api_rate_limit

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.commit = await asyncio.to_thread(system.commit)
        await reader.open()
        await writer.open()
        # What was made so far stays: looking through it for garbage again and again makes requests wait.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        await desk.warm()
        loop = asyncio.get_running_loop()
        warming = loop.call_later(_PAGES_WARM_AFTER_S, loop.run_in_executor, None, warm)
        with streams.ended_with_worker():
            yield
        warming.cancel()
        metrics.flush()
        await pulse.close()
        await watch.close()
        await counter.close()
        await reader.close()
        await writer.close()

    app = _Documented(
        title="Kasparro", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False, dependencies=[Depends(known_parameters)],
        generate_unique_id_function=description.operation_id,
    )  # fmt: skip
    app.state.desk = desk
    app.state.metrics = metrics
    app.state.watch = watch
    app.state.exposition = Exposition(metrics, watch)
    app.state.described = cache(lambda: documentation.described(app.openapi()))
    app.state.etl_sources = tuple(etl_sources)
    gate = app.state.gate = Gate(desk, exposed=exposed)
    problems.install(app)
    for room in _ROOMS:
        app.include_router(room.router)
    house = House(Inside(app, desk), reader, settings, desk.sources)
    pages = make_pages(house, _admitting(gate), streams)
    app.router.routes += [Route("/dashboard", pages), Route("/dashboard/{page:path}", pages)]
    edge = (TracedEdge if settings.otel_exporter_otlp_endpoint else Edge)(
        app, desk, cache=AnswerCache(_CACHE_BYTES), clients=Clients(settings.api_trusted_proxies), gate=gate,
        limiter=RateLimiter(counter, limit, metrics.not_limited) if limit else None, metrics=metrics,
        max_waiting=settings.api_max_waiting, files=documentation.addresses() | files_of_pages(),
        page_of=partial(problem_page, house),
    )  # fmt: skip
    if not settings.cors_origins:
        return edge
    return Shared(
        edge, allow_origins=settings.cors_origins, allow_methods=["GET", "HEAD", "POST"], allow_headers=["*"],
        expose_headers=["ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
    )  # fmt: skip


def _admitting(gate: Gate) -> Admit:
    """Who may see pages: whoever may read."""

    async def admit(scope: Scope) -> bool:
        return await gate.admits(scope["exchange"])

    return admit


class _Documented(FastAPI):
    """FastAPI, whose description of the API is ours."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            routes = [route for room in _ROOMS for route in room.router.routes]
            sources, closed = self.state.desk.sources, self.state.gate.closed
            self.openapi_schema = description.make(self, routes, sources, closed=closed)
        return self.openapi_schema
