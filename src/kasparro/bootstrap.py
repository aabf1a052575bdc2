"""The one place where settings become databases, clients, sources and the API.

Lives here: building things from settings, in the order in which they need each other.
May not live here: what these things do.
"""

import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from ipaddress import ip_address
from multiprocessing import parent_process
from typing import TYPE_CHECKING

import msgspec

from kasparro.config import LogFormat, LogLevel, SettingError, Settings, load_settings
from kasparro.observability.logs import configure_logs
from kasparro.observability.traces import configure_traces
from kasparro.postgres.sharing import shared_server
from kasparro.sources.client import PoliteClient, Spend
from kasparro.sources.contract import Source
from kasparro.sources.politeness import Politeness
from kasparro.sources.registry import builders
from kasparro.store import quota
from kasparro.store.connection import connect
from kasparro.store.errors import SchemaOutdated
from kasparro.store.kept import KeptConnection
from kasparro.store.schema import migrate, require_schema

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_COUNT_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1


class Database(msgspec.Struct, frozen=True):
    """Where the ledger is. `embedded` when the server is ours; `tcp_url`, with a password, where it was asked for."""

    url: str
    embedded: bool
    tcp_url: str | None = None


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The ledger's database: that of DATABASE_URL, or the embedded server for as long as the block lasts.

    Raises the typed errors of `postgres.errors`.
    """
    if settings.database_url:
        yield Database(settings.database_url.get_secret_value(), embedded=False)
        return
    with shared_server(settings.kasparro_home, tcp_port=settings.kasparro_db_port) as server:
        yield Database(server.url, embedded=True, tcp_url=server.tcp_url)


async def ensure_schema(database: Database) -> None:
    """Bring an embedded database to this version's schema; of any other one only require it.

    Raises SchemaOutdated and DatabaseUnavailable.
    """
    connection = await connect(database.url)
    try:
        await require_schema(connection)
    except SchemaOutdated:
        if not database.embedded:
            raise
        migrate(database.url)
    finally:
        await connection.close()


def serve(settings: Settings, database: Database) -> None:
    """Serve the API from processes of its own, until SIGTERM or SIGINT comes.

    A worker that dies is replaced. `settings` reach the workers through the environment.
    """
    from kasparro.api.metrics_folder import metrics_folder
    from kasparro.api.server import run_server
    from kasparro.api.wire import Wire

    # The embedded server is held by this process: its workers only have to know where it is.
    os.environ["DATABASE_URL"] = database.url
    with metrics_folder(settings.kasparro_home) as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
        run_server(settings, "kasparro.bootstrap:api", Wire)


def api() -> "ASGIApp":
    """The API of one worker process, from the settings in its environment."""
    from kasparro.api.app import make_app

    server = parent_process()
    if server is not None and server.pid is not None:
        # A worker that outlived its server would share the port with the next one, and answer with old settings. Told
        # to stop in order, it would wait for slow clients, and nobody would be there to end that.
        end_with_parent(signal.SIGKILL, server.pid)
    settings = load_settings()
    set_up_logs(settings, quietest=LogLevel.INFO)
    set_up_traces(settings)
    write_url = settings.database_url
    assert write_url is not None  # see `serve`
    read_url = settings.database_read_url or write_url
    return make_app(
        settings, read_url=read_url.get_secret_value(), write_url=write_url.get_secret_value(),
        sources=tuple(builders()), etl_sources=source_names(settings), exposed=exposed(settings),
    )  # fmt: skip


def end_with_parent(number: int, parent: int) -> None:
    """Have the kernel send this process the signal `number` when its parent `parent` dies, also of a SIGKILL.

    Only Linux can; elsewhere whoever kills the one has to end the other too.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def set_up_logs(settings: Settings, *, quietest: LogLevel) -> None:
    """Set up this process' logs: at LOG_LEVEL, or `quietest` where it is unset."""
    configure_logs(
        level=settings.log_level or quietest, as_json=settings.log_format is LogFormat.JSON, secrets=settings.secrets()
    )


def set_up_traces(settings: Settings) -> None:
    """Send this process' traces, where OTEL_EXPORTER_OTLP_ENDPOINT says to. It begins a thread: not for a process that
    makes others without starting them anew."""
    if settings.otel_exporter_otlp_endpoint:
        configure_traces(str(settings.otel_exporter_otlp_endpoint))


def exposed(settings: Settings) -> bool:
    """Whether others than this machine can reach the API."""
    try:
        return not ip_address(settings.api_host).is_loopback
    except ValueError:
        return settings.api_host != "localhost"


@asynccontextmanager
async def open_sources(settings: Settings, database: Database, names: tuple[str, ...]) -> AsyncIterator[list[Source]]:
    """The sources called `names`, ready to plan and fetch; their calls are counted in the ledger's quota."""
    # A call lost from the count when the whole server crashes matters less than a disk sync a call.
    counter = KeptConnection(database.url, more="-c synchronous_commit=off", timeout=_COUNT_SECONDS)

    async def spend(source: str, limit: int | None) -> bool:
        async with counter.use() as connection:
            return await quota.spend(connection, source, limit)

    try:
        client = partial(_client, settings, spend)
        yield [builders()[name](settings, client) for name in names]
    finally:
        await counter.close()


def source_names(settings: Settings) -> tuple[str, ...]:
    """The sources that ETL_SOURCES names, or all there are. Raises SettingError for one that there isn't."""
    return known_sources(settings.etl_sources or tuple(builders()), "ETL_SOURCES")


def known_sources(names: Sequence[str], given_by: str) -> tuple[str, ...]:
    """`names` without repetition. Raises SettingError, naming `given_by`, for one that there isn't."""
    for name in names:
        if name not in builders():
            raise SettingError(f"{given_by}={name!r} is not accepted: any of {', '.join(builders())}")
    return tuple(dict.fromkeys(names))


def _client(settings: Settings, spend: Spend, name: str, plan: Politeness) -> PoliteClient:
    mine = settings.provider(name)
    if mine.base_url is not None:
        # Another host than the provider's own (a proxy, the sandbox) doesn't use up the plan's month.
        plan = msgspec.structs.replace(plan, root=str(mine.base_url), month_quota=None)
    return PoliteClient(
        name,
        plan,
        cap=(settings.etl_rate_limit_requests, settings.etl_rate_limit_period),
        key=mine.api_key.get_secret_value() if mine.api_key else None,
        spend=spend,
        time_budget=settings.etl_time_budget,
    )
