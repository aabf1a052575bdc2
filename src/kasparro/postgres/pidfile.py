"""The file in which a running PostgreSQL says who and where it is, and whether that is still true.

Its lines (PostgreSQL's miscadmin.h): process id, data directory, start time, port, socket directory,
listen address, shared memory key and id, state.
"""

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

NAME = "postmaster.pid"
REMNANT_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a server wrote about itself; lines that it has not written yet are empty."""

    pid: int
    started_at: datetime
    port: int
    socket_dir: Path
    listens: bool
    state: str


class Holder(Enum):
    """Who has the process id in the file now."""

    SERVER = "a server of this data directory"
    STRANGER = "something else"
    NOBODY = "no living process"
    UNKNOWN = "perhaps a server of this data directory"


def read(data_dir: Path) -> PidFile | None:
    """The pid file of a data directory; None when there is none, or when it is still being written."""
    try:
        text = (data_dir / NAME).read_text(errors="surrogateescape")
    except FileNotFoundError:
        return None
    lines = text.split("\n") + [""] * 8
    try:
        pid, started, port = abs(int(lines[0])), int(lines[2]), int(lines[3])
    except ValueError:
        return None
    return PidFile(pid, datetime.fromtimestamp(started, UTC), port, Path(lines[4]), bool(lines[5]), lines[7].strip())


def holder(pid: int, data_dir: Path) -> Holder:
    """Whether a process is the server of a data directory.

    UNKNOWN is said when in doubt: who takes a living server's pid file away lets a second one into
    the same data.
    """
    if Path("/proc/self/stat").exists():
        try:
            return _holder_from_proc(Path("/proc") / str(pid), data_dir)
        except (FileNotFoundError, ProcessLookupError):
            return Holder.NOBODY
    return _holder_from_ps(pid, data_dir)


def _holder_from_proc(process: Path, data_dir: Path) -> Holder:
    name, _, rest = (process / "stat").read_text(errors="replace").partition("(")[2].rpartition(")")
    if rest.split()[0] in "ZX":
        return Holder.NOBODY
    title = (process / "cmdline").read_bytes()
    if name != "postgres" or title.startswith(b"postgres: "):
        return Holder.STRANGER
    try:
        same = (process / "cwd").samefile(data_dir)
    except PermissionError:
        # Root in a container, without CAP_SYS_PTRACE, may read only the command line.
        arguments = title.split(b"\0")
        if b"-D" not in arguments:
            return Holder.UNKNOWN
        said = Path(os.fsdecode(arguments[arguments.index(b"-D") + 1]))
        if not said.is_absolute():
            return Holder.UNKNOWN
        same = said == data_dir
    return Holder.SERVER if same else Holder.STRANGER


def _holder_from_ps(pid: int, data_dir: Path) -> Holder:
    said = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, command = said.stdout.strip().partition(" ")
    if not state or state.startswith("Z"):
        return Holder.NOBODY
    if f"-D {data_dir} " in f"{command} ":
        return Holder.SERVER
    return Holder.UNKNOWN if "postgres" in command else Holder.STRANGER


def living(data_dir: Path) -> PidFile | None:
    """The pid file of a server that lives, or may live; None when none does."""
    found = read(data_dir)
    if found is None or holder(found.pid, data_dir) in {Holder.NOBODY, Holder.STRANGER}:
        return None
    return found


def orphans(data_dir: Path) -> list[int]:
    """The processes that work in a data directory, as far as we may see; for a message only."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(data_dir):
                found.append(int(process.name))
    return sorted(found)


def disown(data_dir: Path) -> None:
    """Let the pid file of a server that is gone stand in nobody's way.

    PostgreSQL refuses to start while the process named exists, be it a stranger or a zombie that
    nobody reaps (in containers), except its own parent: so we, the parent to be, put ourselves there.
    Removing the file instead would also remove the shared memory key, by which PostgreSQL finds out
    that backends of a killed server still live.
    """
    path = data_dir / NAME
    if not path.exists():
        return
    found = read(data_dir)
    if found is None:
        # PostgreSQL fills the file at once; an empty one that stays is what a power cut left.
        if time.time() - path.stat().st_mtime > REMNANT_AFTER_S:
            path.unlink()
        return
    if holder(found.pid, data_dir) in {Holder.SERVER, Holder.UNKNOWN}:
        return
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        rest = os.read(fd, 65536).partition(b"\n")[2]
        text = b"%d\n%s" % (os.getpid(), rest)
        os.pwrite(fd, text, 0)
        os.ftruncate(fd, len(text))
    finally:
        os.close(fd)
