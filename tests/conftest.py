"""What all rooms' tests share: one embedded PostgreSQL, and a fresh ledger cloned from a template per test."""

import atexit
import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from kasparro.postgres.sharing import Server, shared_server
from kasparro.store.connection import Connection, connect
from kasparro.store.schema import migrate
from kasparro.store.staging import create_staging

_TEMPLATE = "kasparro_template"
_numbers = count()

# Where the API's workers count together; the library wants to know it when it is imported.
_counts = TemporaryDirectory(prefix="kasparro-metrics-")
atexit.register(_counts.cleanup)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts.name


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the person who runs the tests has set from reaching them."""
    for name in list(os.environ):
        if name not in ("KASPARRO_EVIDENCE", "KASPARRO_KILLS", "KASPARRO_TRIALS") and name.startswith(
            (
                "KASPARRO_",
                "COINGECKO_",
                "COINPAPRIKA_",
                "ETL_",
                "CSV_",
                "LOG_",
                "API_",
                "DATABASE_",
                "CORS_",
                "STALE_",
                "OTEL_",
            )
        ):
            del os.environ[name]
    os.environ.pop("BATCH_SIZE", None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded server that all tests of a session share, also across processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with shared_server(shared / "server") as running:
        yield running


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database with an empty ledger."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone():
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
            migrate(_with_database(server.url, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def url(server: Server, template: str) -> Iterator[str]:
    """The URL of a fresh ledger, dropped after the test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _with_database(server.url, name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Connection]:
    """A connection to a fresh ledger, with its staging tables."""
    opened = await connect(url)
    await create_staging(opened)
    yield opened
    await opened.close()


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the program does."""
    return "asyncio"


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
