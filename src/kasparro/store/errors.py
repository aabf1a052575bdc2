"""What can go wrong with the database, by consequence."""

import psycopg

from kasparro.errors import ExitCode, Fatal, Retriable

DatabaseError = psycopg.Error
"""What the driver raises; `explain` types it."""


class DatabaseUnavailable(Fatal):
    """Nothing answers at the database's address, or it lets us not in."""

    exit_code = ExitCode.DATABASE


class SchemaOutdated(Fatal):
    """The database's tables are not those that this version needs."""

    exit_code = ExitCode.DATABASE


class DiskFull(Fatal):
    """PostgreSQL has no room left to write."""

    exit_code = ExitCode.DISK


class ConnectionLost(Retriable):
    """The database went away in the middle; what wasn't committed is rolled back."""

    exit_code = ExitCode.DATABASE


class DatabaseRefused(Retriable):
    """The database is there but would not do this: a deadlock, too many connections, no memory."""

    exit_code = ExitCode.DATABASE


class IdempotencyConflict(Fatal):
    """An idempotency key came again with another request."""

    exit_code = ExitCode.USAGE

    def __init__(self, run_id: int) -> None:
        super().__init__(
            f"this idempotency key was used before, for run {run_id} with other sources",
            remedy="Use a new key for each new request",
        )
        self.run_id = run_id


def explain(error: psycopg.Error) -> Fatal | Retriable | None:
    """The typed error behind a psycopg error, or None when it is a bug of ours."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    match error:
        case psycopg.errors.DiskFull() | psycopg.errors.ConfigurationLimitExceeded():
            return DiskFull(
                f"PostgreSQL's disk is full: {text}", remedy="Free some space and run the same command again"
            )
        case psycopg.errors.InsufficientPrivilege():
            return DatabaseUnavailable(
                f"the database user may not do this: {text}",
                remedy="Grant the user of DATABASE_URL all rights on its schema",
            )
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return SchemaOutdated(f"the tables are missing or old: {text}", remedy="Run `kasparro db migrate`")
        case psycopg.OperationalError(sqlstate=str(state)) if state[:2] not in ("08", "57"):
            return DatabaseRefused(
                f"the database refused: {text}", remedy="Run the same command again; what was committed stays"
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return ConnectionLost(
                f"the database went away: {text}", remedy="Run the same command again when it is back"
            )
        case _:
            return None
