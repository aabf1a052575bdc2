"""What the API's tests share: a ledger to post pages into, and the API over it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.types import ASGIApp

from kasparro.store.connection import Connection
from tests.api.serving import app_of, running
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
