"""What every command needs first: settings, logs, and the ledger's database."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kasparro.bootstrap.database import Database, ensure_schema, open_database
from kasparro.bootstrap.observing import set_up_logs
from kasparro.config import LogLevel, Settings, load_settings
from kasparro.store.connection import Connection, connect

Result = TypeVar("Result")


def begin(*, lasting: bool = False, **overrides: Any) -> Settings:
    """The settings of this command, with its logs set up. Raises SettingError.

    A `lasting` command runs until it is stopped, and tells of what it does in its log, also in a terminal.
    """
    settings = load_settings(**overrides)
    # In a terminal the progress bars tell what the log would.
    quiet = LogLevel.WARNING if sys.stderr.isatty() and not lasting else LogLevel.INFO
    if os.environ.get("KASPARRO_DEBUG"):
        quiet = LogLevel.DEBUG
    set_up_logs(settings, quietest=quiet)
    return settings


@contextmanager
def ready_database(settings: Settings) -> Iterator[Database]:
    """The database with this version's tables, for as long as the block lasts."""
    with open_database(settings) as database:
        asyncio.run(ensure_schema(database))
        yield database


def ask(read: Callable[[Connection], Awaitable[Result]]) -> Result:
    """What `read` finds in the ledger: for commands that ask one question and print the answer."""
    with ready_database(begin()) as database:

        async def question() -> Result:
            connection = await connect(database.url)
            try:
                return await read(connection)
            finally:
                await connection.close()

        return asyncio.run(question())
