"""The session of whoever decides: one process at a time, wherever it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from kasparro.errors import ExitCode, Retriable
from kasparro.store.connection import session_options, unreachable, unreadable
from kasparro.store.errors import explain
from kasparro.store.identity.subjects import Session

_LOCK = 0x6B617372
PATIENCE_S = 60.0
"""Deciding of a hundred thousand listings takes ten seconds: who takes longer has stopped."""


class IdentityBusy(Retriable):
    """Another process has been deciding of listings for too long."""

    exit_code = ExitCode.BUSY


@contextmanager
def identity_session(url: str, patience_s: float = PATIENCE_S) -> Iterator[Session]:
    """A connection that holds the lock of identity for as long as the block lasts; others wait for it.

    Raises DatabaseUnavailable, IdentityBusy after `patience_s`, and the typed errors of `store.errors` for what the
    block meets.
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
            _take_turn(session, patience_s)
            yield session
        except psycopg.Error as error:
            raise explain(error) or error from error


def _take_turn(session: Session, patience_s: float) -> None:
    if session.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() == (True,):
        return
    session.execute("SELECT set_config('lock_timeout', %s, false)", (f"{patience_s:.3f}s",))
    try:
        session.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    except psycopg.errors.LockNotAvailable:
        raise IdentityBusy(
            f"another process has been deciding of listings for {patience_s:.0f} s",
            remedy="End it, and run the same command again: what runs leave undecided is decided by the next one",
        ) from None
    session.execute("RESET lock_timeout")
