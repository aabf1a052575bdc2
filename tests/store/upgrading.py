"""A ledger of the first released schema, as the version of that time made it."""

from pathlib import Path

import psycopg

FIRST = Path(__file__).with_name("ledger_0001.sql")
"""Two runs of three sources, six payloads of which brought quotes, a correction and a rejected record among them."""


def make_first_ledger(url: str) -> None:
    """Put it into the empty database at `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FIRST.read_bytes())
