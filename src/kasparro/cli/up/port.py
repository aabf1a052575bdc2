"""The API's port: whether it is free, and if not, who has it."""

import errno
import os
import re
import socket
from contextlib import suppress
from pathlib import Path

from kasparro.errors import ExitCode, Fatal

_LISTENING = "0A"


class PortBusy(Fatal):
    """Somebody else listens where the API is to be served."""

    exit_code = ExitCode.SETTING


def require_free(host: str, port: int) -> None:
    """Return when `host`:`port` can be listened on. Raises PortBusy, which names who does and what to do."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise PortBusy(
            f"API_HOST={host!r} is no address of this machine ({error.strerror})", remedy="Correct it"
        ) from None
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            # A port that was closed a moment ago counts as free, one that is listened on doesn't.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise _refused(host, port, error) from None


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _refused(host: str, port: int, error: OSError) -> PortBusy:
    if error.errno != errno.EADDRINUSE:
        return PortBusy(f"can't listen on {host}:{port} ({error.strerror})", remedy="Correct API_HOST and API_PORT")
    return PortBusy(
        f"port {port} is in use by {_who(port)}", remedy="End it, or choose another port: API_PORT=8001 make up"
    )


def _who(port: int) -> str:
    """The processes that listen on `port`, as far as the system lets us see."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(fd) in sockets for fd in (process / "fd").iterdir()):  # noqa: PTH115 - no path there
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found.append(f"process {process.name} ({re.sub(r'[^ -~]', '?', command)[:200]})")
    return ", ".join(found) or "another program, whose owner is another user"


def _listening(port: int) -> list[str]:
    inodes = []
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.append(fields[9])
    return inodes
