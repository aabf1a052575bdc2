"""The demonstration: a simulated market beside a ledger of its own."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from kasparro.cli.session import begin
from kasparro.config import Settings, load_settings
from kasparro.sandbox.server import RunningSandbox, start
from kasparro.sandbox.settings import SandboxSettings


@contextmanager
def demo_settings() -> Iterator[Settings]:
    """Settings for a home beside the usual one (`…-demo`), whose providers are a sandbox that runs in the block."""
    home = load_settings().kasparro_home
    with _sandbox() as running:
        yield begin(
            kasparro_home=home.with_name(home.name + "-demo"),
            database_url=None,
            coingecko_base_url=running.coingecko_url,
            coinpaprika_base_url=running.coinpaprika_url,
        )


@contextmanager
def _sandbox() -> Iterator[RunningSandbox]:
    """A moving synthetic market on a free port, served from a thread of its own."""
    settings = SandboxSettings(port=0, coingecko_plan="unlimited", coinpaprika_plan="free")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    started: Future[RunningSandbox] = asyncio.run_coroutine_threadsafe(start(settings), loop)
    running = started.result()
    try:
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(running.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
