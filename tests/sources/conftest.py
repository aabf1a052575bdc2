"""What the sources' tests share: a scripted server, a sandbox, and polite clients with short waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from kasparro.sandbox import SandboxSettings, start
from kasparro.sandbox.faults import parse_fault
from kasparro.sandbox.server import RunningSandbox
from kasparro.sources.client import PoliteClient
from kasparro.sources.politeness import Politeness
from tests.sources.payloads import SWIFT, client_of
from tests.sources.serving import Scripted


@pytest.fixture
async def say() -> AsyncIterator[Callable[..., Awaitable[Scripted]]]:
    """`await say(answer(...), ...)` starts a server that gives these answers in turn."""
    async with AsyncExitStack() as stack:

        async def open_one(*answers: bytes) -> Scripted:
            scripted = Scripted(list(answers))
            server = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return scripted

        yield open_one


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., PoliteClient]]:
    """`client(url, plan=..., key=...)` is a polite client with short waits for what listens at `url`."""
    async with AsyncExitStack() as stack:

        def open_one(url: str, plan: Politeness = SWIFT, **changes: Any) -> PoliteClient:
            opened = client_of(msgspec.structs.replace(plan, root=url), **changes)
            stack.push_async_callback(opened.close)
            return opened

        yield open_one


@pytest.fixture
async def sandbox() -> AsyncIterator[Callable[..., Awaitable[RunningSandbox]]]:
    """`await sandbox("coingecko:/coins/markets html", ...)` starts a provider with these faults."""
    async with AsyncExitStack() as stack:

        async def open_one(*faults: str, **changes: Any) -> RunningSandbox:
            standard: dict[str, Any] = {
                "port": 0,
                "coingecko_coins": 20,
                "coinpaprika_coins": 20,
                "coingecko_plan": "unlimited",
                "coinpaprika_plan": "unlimited",
                "faults": tuple(parse_fault(line) for line in faults),
            }
            running = await start(SandboxSettings(**(standard | changes)))
            stack.push_async_callback(running.close)
            return running

        yield open_one
