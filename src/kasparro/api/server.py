"""The server: workers that share one port, replaced when they die, ended in order."""

import logging
import socket
from collections.abc import Callable
from typing import Any

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors import Multiprocess

from kasparro.config import Settings
from kasparro.errors import ExitCode, Fatal

_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 8
"""For answers under way when the server is to end."""


class NotServing(Fatal):
    """The API's workers can't start."""

    exit_code = ExitCode.FAILED


def run_server(settings: Settings, make: Callable[[], Any], protocol: str) -> None:
    """Serve the ASGI app that `make` makes in each worker, until SIGTERM, SIGINT or SIGHUP comes.

    Connections speak `protocol` (`module:class`), which only workers import. `make` goes to them by pickle.

    Raises NotServing when no worker can start, and OSError when the address can't be listened on.
    """
    # What is wrong with requests is told to those who sent them.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    config = Config(
        make,
        factory=True,
        interface="asgi3",
        http=protocol,
        loop="kasparro.api.loop:Loop",
        ws="none",
        lifespan="on",
        workers=settings.api_workers,
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        # Connections, not requests: what waits too long is shed by the edge, which can say so.
        limit_concurrency=4 * settings.api_max_waiting + 1000,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    workers = _Workers(config, [_listening(settings.api_host, settings.api_port)])
    workers.run()
    if any(process.exitcode == STARTUP_FAILURE for process in workers.processes):
        raise NotServing("the API can't start", remedy="Its log, above, says why")


class _Workers(Multiprocess):
    """The processes that serve."""

    def terminate_all(self) -> None:
        """End them. Who connects from now on is refused, and can turn to another server at once."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def handle_hup(self) -> None:
        """End when the terminal goes: nobody would be there to end it later."""
        self.should_exit.set()


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]  # fmt: skip
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
