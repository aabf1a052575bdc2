"""What the API's tests share: a ledger to post pages into, and the API over it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.types import ASGIApp

from kasparro.postgres.sharing import Server
from kasparro.store.connection import Connection
from tests.api.serving import app_of, running, served
from tests.api.several import several_sources
from tests.api.small import KEY, small_ledger
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted


@pytest.fixture
def desk(connection: Connection) -> Desk:
    """Posts payloads into a fresh ledger."""
    return Desk(connection)


@pytest.fixture
def gecko() -> Scripted:
    """A source called coingecko; its payloads are posted by hand."""
    return Scripted(name="coingecko")


@pytest.fixture
def paprika() -> Scripted:
    """A source called coinpaprika; its payloads are posted by hand."""
    return Scripted(name="coinpaprika")


@pytest.fixture
def app(url: str) -> ASGIApp:
    """The app of one worker, with default settings but for the rate limit, which is off."""
    return app_of(url)


@pytest.fixture
async def api(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the API over the ledger of `connection`."""
    async with running(app) as client:
        yield client


@pytest.fixture(scope="module")
def small(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for a small ledger that is the same every time; it takes KEY. For a module's tests."""
    folder: Path = tmp_path_factory.mktemp("small")
    with (
        small_ledger(server, template, folder / "files") as url,
        served(folder, url, workers=1, API_ADMIN_KEY=KEY, ETL_SOURCES="csv") as address,
    ):
        yield address


@pytest.fixture(scope="module")
def several(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for a ledger in which several sources quote the same coins. For a module's tests."""
    with (
        several_sources(server, template) as url,
        served(tmp_path_factory.mktemp("several"), url, workers=1, ETL_SOURCES="csv") as address,
    ):
        yield address
