"""The session of whoever decides: one process at a time, wherever it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from kasparro.store.connection import session_options, unreachable, unreadable
from kasparro.store.errors import explain
from kasparro.store.identity.subjects import Session

_LOCK = 0x6B617372


@contextmanager
def identity_session(url: str) -> Iterator[Session]:
    """A connection that holds the lock of identity for as long as the block lasts; others wait for it.

    Raises DatabaseUnavailable, and the typed errors of `store.errors` for what the block meets.
    """
    try:
        # Ours is the only thread that uses it, and it is all computation between two statements.
        session = psycopg.connect(url, autocommit=True, **session_options(url))
    except psycopg.ProgrammingError:
        raise unreadable() from None
    except psycopg.Error as error:
        raise unreachable(error) from None
    with session:
        try:
            session.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            yield session
        except psycopg.Error as error:
            raise explain(error) or error from error
