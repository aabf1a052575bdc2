"""The page transaction."""

from kasparro.store.connection import Connection
from kasparro.store.digest import digest


async def test_an_empty_ledger_has_a_digest_for_each_table(connection: Connection) -> None:
    found = await digest(connection)
    assert {entry["rows"] for entry in found.values()} == {0}
