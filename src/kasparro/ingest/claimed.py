"""Work on one source's kept data, under its claim and in a run of its own kind."""

import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import structlog

from kasparro.errors import KasparroError
from kasparro.ingest.errors import SourcesBusy
from kasparro.ingest.settle import link_listings
from kasparro.store.claims import claim, close_orphans, holder, release
from kasparro.store.connection import Connection, connect
from kasparro.store.errors import DatabaseError, explain
from kasparro.store.runs import close_run, close_step, open_run
from kasparro.store.schema import make_partitions, require_schema
from kasparro.store.staging import create_staging


class Claimed(msgspec.Struct, frozen=True):
    """A claimed source with an open step."""

    connection: Connection
    run_id: int
    step_id: int


@asynccontextmanager
async def claimed_source(url: str, source: str, *, kind: str) -> AsyncIterator[Claimed]:
    """Claim `source` and open a run of `kind` for it; closed as success, or as failed when the block raises. What the
    block made known of listings is decided before that.

    Raises SourcesBusy when another run holds the source.
    """
    connection = await connect(url)
    try:
        await require_schema(connection)
        if not await claim(connection, source):
            raise SourcesBusy([f"{source} (run {await holder(connection, source) or 'starting'})"])
        await close_orphans(connection, source)
        await create_staging(connection)
        await make_partitions(connection)
        began = time.perf_counter()
        run_id, steps = await open_run(
            connection, kind=kind, sources=[source], host=socket.gethostname(), pid=os.getpid()
        )
        step_id = steps[source]
        structlog.contextvars.bind_contextvars(run_id=run_id, source=source)
        status, error = "failed", None
        try:
            yield Claimed(connection, run_id, step_id)
            status = "success"
            await link_listings(url, run_id)
        except KasparroError as problem:
            error = problem.message
            raise
        except DatabaseError as problem:
            typed = explain(problem)
            error = typed.message if typed else str(problem)
            raise typed or problem from problem
        finally:
            if not connection.closed:
                seconds = {"total": round(time.perf_counter() - began, 4)}
                await close_step(connection, step_id, status=status, seconds=seconds, error=error)
                await close_run(connection, run_id, status=status)
            structlog.contextvars.unbind_contextvars("run_id", "source")
    finally:
        await release(connection)
