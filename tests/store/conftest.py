"""What the store's tests share: a ledger to post pages into, and a source to post them for."""

import pytest

from kasparro.store.connection import Connection
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted


@pytest.fixture
def desk(connection: Connection) -> Desk:
    """Posts payloads into a fresh ledger."""
    return Desk(connection)


@pytest.fixture
def source() -> Scripted:
    """A source that is asked nothing: its payloads are posted by hand."""
    return Scripted()
