"""The API under test: in this process behind a client, or as `kasparro serve` with workers of its own."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp, Message

from kasparro.api.app import make_app
from kasparro.config import Settings
from tests.ingest.commands import Commands, until

SOURCES = ("coinpaprika", "coingecko", "csv")


def settings(url: str, **given: Any) -> Settings:
    """Settings without a rate limit, as far as nothing else is `given`."""
    # No `.env` of whoever runs the tests.
    return Settings(_env_file=None, **({"database_url": url, "api_rate_limit": "off"} | given))  # type: ignore[call-arg]


def app_of(url: str, *, exposed: bool = False, read_url: str | None = None, **given: Any) -> ASGIApp:
    """The app of one worker."""
    return make_app(
        settings(url, **given), read_url=read_url or url, write_url=url, sources=SOURCES, etl_sources=SOURCES,
        exposed=exposed,
    )  # fmt: skip


@asynccontextmanager
async def running(app: ASGIApp, client: str = "127.0.0.1") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an app between its startup and its shutdown; it asks for no compression unless told to."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "lifespan.startup"})

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, inbox.get, outbox.put)

    life = asyncio.create_task(live())
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    try:
        async with client_of(app, client) as opened:
            yield opened
    finally:
        inbox.put_nowait({"type": "lifespan.shutdown"})
        await life


def client_of(app: ASGIApp, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    """A client with that address of an app that runs."""
    transport = httpx2.ASGITransport(app=app, client=(address, 40_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://kasparro", headers={"accept-encoding": "identity"})


@contextmanager
def served(folder: Path, url: str, *, workers: int = 2, **more: object) -> Iterator[str]:
    """The address of a `kasparro serve` with so many workers, with no rate limit unless `more` sets one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    commands = Commands(
        folder, **({"API_RATE_LIMIT": "off"} | more), DATABASE_URL=url, API_PORT=port, API_WORKERS=workers
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with commands.start("serve") as process:
        try:
            until(lambda: _alive(address, process), pause=0.02)
            yield address
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _alive(address: str, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, "it ended"
    try:
        return httpx2.get(f"{address}/livez", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def workers_of(address: str, wanted: int) -> set[str]:
    """The processes' ids of the workers at `address`, once all of them answer."""
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.add(httpx2.get(f"{address}/system/info").json()["started_at"])
        return len(seen) == wanted

    until(all_seen)
    return seen


def exactly(text: str) -> Any:
    """JSON whose numbers stay the texts that they are."""
    return json.loads(text, parse_float=str, parse_int=str)


TRIALS = int(os.environ.get("KASPARRO_TRIALS", "300"))
