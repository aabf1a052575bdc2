"""The API, as the settings have it: the server with its workers."""

import os
from functools import partial
from ipaddress import ip_address

from pydantic import SecretStr

from kasparro.bootstrap.database import Database
from kasparro.bootstrap.providers import source_names
from kasparro.bootstrap.worker import Serving, api
from kasparro.config import Settings
from kasparro.sources.registry import builders


def serve(settings: Settings, database: Database) -> None:
    """Serve the API from processes of its own, until SIGTERM or SIGINT comes.

    A worker that dies is replaced. The embedded server is held by this process: its workers only have to know where
    it is.
    """
    from kasparro.api.metrics_folder import metrics_folder
    from kasparro.api.server import run_server

    url = SecretStr(database.url)
    serving = Serving(
        settings, read_url=settings.database_read_url or url, write_url=url,
        sources=tuple(builders()), etl_sources=source_names(settings), exposed=exposed(settings),
    )  # fmt: skip
    with metrics_folder(settings.kasparro_home) as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
        run_server(settings, partial(api, serving), "kasparro.api.wire:Wire")


def exposed(settings: Settings) -> bool:
    """Whether others than this machine can reach the API."""
    try:
        return not ip_address(settings.api_host).is_loopback
    except ValueError:
        return settings.api_host != "localhost"
