"""The password that TCP asks for, because loopback doesn't say which user is calling."""

import os
import secrets
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from kasparro.postgres.files import open_private
from kasparro.postgres.folder import Folder
from kasparro.postgres.pidfile import PidFile
from kasparro.postgres.server import using
from kasparro.postgres.settings import DATABASE, ROLE


def set_password(folder: Folder, found: PidFile) -> None:
    """Give the role the password of the folder, made when missing.

    Only the SCRAM verifier is sent, so that no log or activity view of the server ever has the
    password.
    """
    password = _read(folder)
    if not password:
        password = secrets.token_urlsafe(32)
        with os.fdopen(open_private(folder.password, os.O_WRONLY, folder.owner), "w") as file:
            file.write(password)

    def set_it(connection: psycopg.Connection[TupleRow]) -> None:
        verifier = connection.pgconn.encrypt_password(password.encode(), ROLE.encode(), b"scram-sha-256")
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(verifier.decode()))
        )

    using(found, set_it)


def url(folder: Folder, found: PidFile) -> str | None:
    """The URL with the password, None when the server doesn't listen on TCP."""
    password = _read(folder)
    if not found.listens or not password:
        return None
    return f"postgresql://{ROLE}:{quote(password, safe='')}@127.0.0.1:{found.port}/{DATABASE}"


def _read(folder: Folder) -> str:
    try:
        return folder.password.read_text()
    except FileNotFoundError:
        return ""
