"""Ledgers to measure in: one embedded server, and databases cloned from a migrated template."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from kasparro.postgres.sharing import Server, shared_server
from kasparro.store.schema import migrate

EMPTY = "bench_empty"
"""The template: a migrated ledger with nothing in it."""


class Ledgers:
    """Fresh ledgers on `server`, whose settings are those of every embedded server (fsync on)."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = count()
        self._admin(f"CREATE DATABASE {EMPTY}")
        migrate(self.url(EMPTY))

    def make(self) -> str:
        """The name of a new empty ledger that stays; others can be made like it."""
        name = f"bench_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
        return name

    def url(self, name: str) -> str:
        """The address of the database `name`, over the socket."""
        return _with_database(self.server.url, name)

    def tcp_url(self, name: str) -> str:
        """The same over loopback, for clients that know no sockets."""
        assert self.server.tcp_url is not None
        return _with_database(self.server.tcp_url, name)

    @contextmanager
    def fresh(self, like: str = EMPTY) -> Iterator[str]:
        """The name of a new copy of the database `like`, dropped at the end."""
        name = f"bench_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {like}")
        try:
            yield name
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def checkpoint(self) -> None:
        """Write out everything that is waiting to be, so that nobody pays for what another has left."""
        self._admin("CHECKPOINT")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_ledgers(folder: Path) -> Iterator[Ledgers]:
    """A server of its own under `folder`, for as long as the block lasts; it listens on loopback too."""
    with shared_server(folder / "server", tcp_port=_free_port()) as server:
        yield Ledgers(server)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for all that the benchmarks write, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="kasparro-bench-") as folder:
        yield Path(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
