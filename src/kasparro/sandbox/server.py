"""The sandbox as a running server on a loopback port."""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kasparro.errors import ExitCode, Fatal
from kasparro.sandbox.app import GECKO_PREFIX, PAPRIKA_PREFIX, App
from kasparro.sandbox.http import converse
from kasparro.sandbox.recorded import load
from kasparro.sandbox.settings import SandboxSettings


class PortUnavailableError(Fatal):
    """The sandbox's address can't be listened on."""

    exit_code = ExitCode.SETTING


@dataclass
class RunningSandbox:
    """A sandbox that answers. `notes` says, a line a file, what was made of the recordings."""

    host: str
    port: int
    notes: tuple[str, ...]
    _server: asyncio.Server
    _conversations: set[asyncio.Task[None]] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def coingecko_url(self) -> str:
        return self.url + GECKO_PREFIX

    @property
    def coinpaprika_url(self) -> str:
        return self.url + PAPRIKA_PREFIX

    async def close(self) -> None:
        """Stop listening and drop every connection, also those in the middle of an answer."""
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await self._server.wait_closed()


async def start(settings: SandboxSettings, monotonic: Callable[[], float] = time.monotonic) -> RunningSandbox:
    """A sandbox on the running event loop. `monotonic` (seconds) measures the plans' spans.

    Raises RecordingError for a useless directory of recordings, PortUnavailableError for a busy port.
    """
    library = load(settings.recorded) if settings.recorded else None
    conversations: set[asyncio.Task[None]] = set()
    apps: list[App] = []

    # Tasks of our own: asyncio reports those it makes for a coroutine as failed when they are cancelled.
    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.create_task(converse(reader, writer, apps[0].handle))
        conversations.add(conversation)
        conversation.add_done_callback(conversations.discard)

    try:
        server = await asyncio.start_server(talk, settings.host, settings.port, start_serving=False)
    except OSError as refused:
        raise PortUnavailableError(
            f"the sandbox can't listen on {settings.host}:{settings.port} ({refused.strerror})",
            remedy="Choose another port, or 0 for any free one.",
        ) from refused
    port: int = server.sockets[0].getsockname()[1]
    apps.append(App(settings, library, f"http://{settings.host}:{port}", monotonic))
    await server.start_serving()
    return RunningSandbox(settings.host, port, library.notes() if library else (), server, conversations)


def serve(settings: SandboxSettings, ready: Callable[[RunningSandbox], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; `ready` is called once it answers. Raises as `start` does."""

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        running = await start(settings)
        try:
            ready(running)
            await stopped.wait()
        finally:
            await running.close()

    asyncio.run(run())
