"""The embedded PostgreSQL server and its supervision, nothing else.

Lives here: finding the binaries, `initdb`, start, sharing between commands, stop.
May not live here: any SQL of the ledger, any table name.
"""

from kasparro.postgres.sharing import Server, ServerStatus, shared_server, status, stop

__all__ = ["Server", "ServerStatus", "shared_server", "status", "stop"]
