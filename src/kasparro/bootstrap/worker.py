"""One worker process of the API. It imports nothing that it could do without: who starts a server waits for that."""

import signal
from multiprocessing import parent_process
from typing import TYPE_CHECKING

import msgspec
from pydantic import SecretStr

from kasparro.bootstrap.observing import set_up_logs, set_up_traces
from kasparro.bootstrap.orphans import end_with_parent
from kasparro.config import LogLevel, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Serving(msgspec.Struct, frozen=True):
    """What a worker is told by its server. `sources` are all there are, `etl_sources` those of a run that names none;
    `exposed` when others than this machine can reach it."""

    settings: Settings
    read_url: SecretStr
    write_url: SecretStr
    sources: tuple[str, ...]
    etl_sources: tuple[str, ...]
    exposed: bool


def api(serving: Serving) -> "ASGIApp":
    """The API of this process."""
    from kasparro.api.app import make_app

    server = parent_process()
    if server is not None and server.pid is not None:
        # A worker that outlived its server would share the port with the next one, and answer with old settings. Told
        # to stop in order, it would wait for slow clients, and nobody would be there to end that.
        end_with_parent(signal.SIGKILL, server.pid)
    set_up_logs(serving.settings, quietest=LogLevel.INFO)
    set_up_traces(serving.settings)
    return make_app(
        serving.settings, read_url=serving.read_url.get_secret_value(), write_url=serving.write_url.get_secret_value(),
        sources=serving.sources, etl_sources=serving.etl_sources, exposed=serving.exposed,
    )  # fmt: skip
