"""`kasparro worker`: works the queue off and keeps the schedule, in the foreground."""

import asyncio
import signal
from contextlib import suppress
from functools import partial

from kasparro.bootstrap.database import Database
from kasparro.bootstrap.observing import set_up_traces
from kasparro.bootstrap.providers import open_sources, source_names
from kasparro.cli.session import begin, ready_database
from kasparro.config import Settings
from kasparro.worker import run_worker


def worker() -> None:
    """Work queued runs off and start those of ETL_SCHEDULE, until stopped. Any number may run, on any machines.

    Example: `kasparro worker`
    """
    settings = begin(lasting=True)
    set_up_traces(settings)
    scheduled = source_names(settings)
    with ready_database(settings) as database:
        asyncio.run(_until_told_to_stop(settings, database, scheduled))


async def _until_told_to_stop(settings: Settings, database: Database, scheduled: tuple[str, ...]) -> None:
    work = asyncio.create_task(
        run_worker(
            database.url,
            partial(open_sources, settings, database),
            expression=settings.etl_schedule,
            scheduled=scheduled,
            fail_after=settings.etl_fail_after_n_records,
        )
    )
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def stop(number: int) -> None:
        # Only once: a second signal must not cut the run's orderly end short.
        if not told:
            told.append(number)
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    with suppress(asyncio.CancelledError):
        await work
