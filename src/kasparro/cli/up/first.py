"""What the first `up` of a ledger leaves behind: an admin key in a file, and a run that waits."""

import os
from pathlib import Path

from kasparro.bootstrap.providers import source_names
from kasparro.config import Settings
from kasparro.ingest.schedule import newest_due
from kasparro.postgres.files import create
from kasparro.store.claims import close_all_orphans
from kasparro.store.connection import Connection, connect
from kasparro.store.keys import Scope, create_key, list_keys
from kasparro.store.queue import clock, enqueue, schedule
from kasparro.store.runs import list_runs

KEY_FILE = "api-key"


async def prepare(settings: Settings, url: str) -> None:
    """Make sure that there is a key to begin with, and that a run waits where one is due."""
    connection = await connect(url)
    try:
        await _make_first_key(connection, settings)
        await close_all_orphans(connection)
        await _ask_for_due_run(connection, settings)
    finally:
        await connection.close()


async def _make_first_key(connection: Connection, settings: Settings) -> None:
    async with connection.transaction():
        if settings.api_admin_key is None and not await list_keys(connection):
            # Within the transaction: no key whose plaintext got lost on the way.
            _write(settings.kasparro_home, await create_key(connection, name="first", scope=Scope.ADMIN))


def _write(home: Path, key: str) -> None:
    """Only the owner may read it, from its first byte on."""
    beside = home / f".{KEY_FILE}.{os.getpid()}"
    beside.unlink(missing_ok=True)
    with os.fdopen(create(beside, os.O_WRONLY, home.stat().st_uid, 0o600), "w") as file:
        file.write(key + "\n")
    beside.replace(home / KEY_FILE)


async def _ask_for_due_run(connection: Connection, settings: Settings) -> None:
    """The worker would do the same; done before anything is served, whoever waits for the first run finds it."""
    names = source_names(settings)
    due = newest_due(settings.etl_schedule, await clock(connection))
    if due is not None:
        await schedule(connection, due, names)
    elif not await list_runs(connection, limit=1):
        # No schedule: the ledger's first run all the same, those after it are asked for.
        await enqueue(connection, names, asked_by="command")
