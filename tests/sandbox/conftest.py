"""What the sandbox's tests share: sandboxes on free loopback ports, and clients that speak to them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from kasparro.sandbox import SandboxSettings, start

STANDARD: dict[str, Any] = {
    "port": 0,
    "coingecko_coins": 300,
    "coinpaprika_coins": 400,
    "coingecko_plan": "unlimited",
    "coinpaprika_plan": "unlimited",
    "frozen_at": datetime(2026, 6, 15, 10, 20, 30, tzinfo=UTC),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def visit() -> AsyncIterator[Callable[..., Awaitable[httpx2.AsyncClient]]]:
    """Opens a sandbox and gives a client for it; settings and `monotonic` go in by name."""
    async with AsyncExitStack() as stack:

        async def open_one(**changes: Any) -> httpx2.AsyncClient:
            monotonic = changes.pop("monotonic", None)
            settings = SandboxSettings(**(STANDARD | changes))
            running = await (start(settings, monotonic) if monotonic else start(settings))
            stack.push_async_callback(running.close)
            client = httpx2.AsyncClient(base_url=running.url, trust_env=False, timeout=30)
            return await stack.enter_async_context(client)

        yield open_one
