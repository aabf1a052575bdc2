"""Running a PostgreSQL program as the account, from an ordinary user or from root."""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from kasparro.postgres import drop
from kasparro.postgres.account import Account
from kasparro.postgres.errors import ELSEWHERE, AccessDenied

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line, and the user that `subprocess` changes to before running it."""

    argv: list[str]
    user: int | None = None
    group: int | None = None
    extra_groups: list[int] | None = None
    env: dict[str, str] = field(default_factory=dict)


def plan(account: Account, argv: list[str], folder: Path) -> Launch:
    """How to run `argv` as `account`, which must get into `folder` and run `argv[0]`.

    Raises:
        AccessDenied: a folder on the way is closed to the account, and no capability can open it.
    """
    env = environment()
    if os.geteuid() == account.uid:
        return Launch(argv, env=env)
    program = Path(argv[0])
    if account.reaches(folder) and account.reaches(program) and account.may(program, 5):
        return Launch(argv, account.uid, account.gid, [], env)
    capability = _capability(account, program)
    switch = [str(account.uid), str(account.gid), str(capability)]
    return Launch([sys.executable, "-I", "-S", str(Path(drop.__file__)), *switch, *argv], env=env)


def environment() -> dict[str, str]:
    """What the server sees of our environment: no key, no PG* setting, English messages."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _capability(account: Account, program: Path) -> int:
    """The weakest capability that we have and that opens the way.

    CAP_DAC_READ_SEARCH reads and enters; containers don't give it by default, nor does it run a
    program whose mode forbids that: CAP_DAC_OVERRIDE then does.
    """
    held = _permitted()
    if held & 1 << CAP_DAC_READ_SEARCH and account.may(program, 1):
        return CAP_DAC_READ_SEARCH
    if held & 1 << CAP_DAC_OVERRIDE:
        return CAP_DAC_OVERRIDE
    raise AccessDenied(
        f"PostgreSQL runs as {account.name}, who may not enter every folder above {program} and the data",
        remedy=f"Set KASPARRO_HOME to a folder that everybody may enter, or {ELSEWHERE}.",
    )


def _permitted() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^CapPrm:\s*([0-9a-f]+)", status, re.MULTILINE)
    return int(found[1], 16) if found else 0
