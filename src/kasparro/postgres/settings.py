"""How the server is configured.

Given on the command line, where neither `postgresql.conf` nor ALTER SYSTEM reaches: what privacy and
correctness rest on. What is left to `initdb` (128 MB of shared buffers, 100 connections, fsync on) can
be changed in those two ways.
"""

import os
from pathlib import Path

from kasparro.postgres.account import ROOT, user_name
from kasparro.postgres.files import create
from kasparro.postgres.folder import Folder

ROLE = "kasparro"
DATABASE = "kasparro"


def options(folder: Folder, socket_dir: Path, port: int, *, listen: bool) -> list[str]:
    """The `-c name=value` arguments of `postgres`."""
    quoted_dir = str(socket_dir).replace('"', '""')
    settings = {
        "listen_addresses": "127.0.0.1" if listen else "",
        "port": str(port),
        "unix_socket_directories": f'"{quoted_dir}"',
        "unix_socket_permissions": "0700",
        "hba_file": str(folder.hba),
        "ident_file": str(folder.ident),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        # A killed command's statements and locks must not outlive it.
        "client_connection_check_interval": "200ms",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def write_access_rules(folder: Folder) -> None:
    """Write who gets in: over the socket the owner (and root, who could anyway), by the kernel's word.

    TCP knows no users, so that there a password is asked for. Written before every start, because the
    owner of a home can change.
    """
    names = {user_name(uid) for uid in (folder.owner, ROOT)} - {None}
    quoted = [str(name).replace('"', '""') for name in sorted(map(str, names))]
    _write(folder, folder.hba, "local all all peer map=owner\nhost all all 127.0.0.1/32 scram-sha-256\n")
    _write(folder, folder.ident, "".join(f'owner "{name}" {ROLE}\n' for name in quoted))


def _write(folder: Folder, path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(create(path, os.O_WRONLY, folder.owner, 0o644), "w") as file:
        file.write(text)
