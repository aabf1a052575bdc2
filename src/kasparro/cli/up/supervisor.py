"""The supervisor: keeps the children and the embedded server alive until it is told to stop."""

import signal
import time
from collections.abc import Sequence

import structlog

from kasparro.bootstrap.database import open_database
from kasparro.cli.up.child import Child
from kasparro.config import Settings
from kasparro.errors import KasparroError
from kasparro.postgres.sharing import alive

log = structlog.stdlib.get_logger(__name__)

LOOK_S = 0.2
SERVER_LOOK_S = 1.0
SERVER_PAUSE_S = 5.0
"""After an attempt to bring the server up failed; the reason (a full disk, say) seldom goes away at once."""


def supervise(children: Sequence[Child], settings: Settings) -> None:
    """Keep `children`, and the embedded server if it is used, alive until a signal raises; then end the children.

    The caller holds the server. Raises ChildRefused when a child can't start as it is set.
    """
    look_again = time.monotonic() + SERVER_LOOK_S
    try:
        while True:
            for child in children:
                child.tend()
            if settings.database_url is None and time.monotonic() >= look_again:
                look_again = time.monotonic() + _tend_server(settings)
            time.sleep(LOOK_S)
    finally:
        # From here on a second signal would only leave somebody behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for child in children:
            child.tell_to_stop()
        for child in children:
            child.wait()


def _tend_server(settings: Settings) -> float:
    """Bring the server up again if it is gone; seconds until the next look."""
    try:
        if not alive(settings.kasparro_home):
            log.warning("database_server_gone")
            with open_database(settings):
                log.info("database_server_back")
    except KasparroError as error:
        log.error("database_server_not_back", error=str(error), tries_again_in_seconds=SERVER_PAUSE_S)
        return SERVER_PAUSE_S
    return SERVER_LOOK_S
