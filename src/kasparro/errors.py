"""What can go wrong, grouped by consequence.

Lives here: the three groups that every room's own errors derive from, and the exit codes.
May not live here: anything that knows a room.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means; the same list stands in `docs/commands.md`."""

    OK = 0
    BUG = 1
    USAGE = 2
    SETTING = 3
    DATABASE = 4
    DISK = 5
    INPUT = 6
    FAILED = 7
    PARTIAL = 8
    BUSY = 9


class KasparroError(Exception):
    """Something a person can act on: what happened, and what to do next.

    `message` is one line without a full stop; `remedy` is one sentence that says what to do.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy.removesuffix(".")

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class Fatal(KasparroError):
    """The command can't go on: a wrong setting, no database, a full disk."""


class Retriable(KasparroError):
    """The same attempt may succeed later: a time-out, a 429, a lost connection."""

    exit_code = ExitCode.FAILED


class Skippable(KasparroError):
    """This page, file or record can't be used; the others can."""

    exit_code = ExitCode.FAILED
