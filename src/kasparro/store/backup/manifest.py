"""The manifest: what a backup says of itself."""

from datetime import datetime

import msgspec

from kasparro.store.digest import RULES, Digests

FORMAT = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup. Times are UTC; `rows` counts those of every table, `digests` are those of `store.digest`.

    `schema` is the ledger's revision, `namespace` the PostgreSQL schema of its tables, `pg_dump` the major version
    of the program that wrote the archive, `elsewhere` how many payload bodies lie in which folder of files.
    """

    format: int = FORMAT
    made_at: datetime
    kasparro: str
    schema: str
    namespace: str
    server: str
    pg_dump: int
    size: int
    sha256: str
    rules: str = RULES
    digests: Digests
    rows: dict[str, int]
    elsewhere: dict[str, int]

    def differences(self, digests: Digests, rows: dict[str, int]) -> list[str]:
        """The tables whose restored content isn't what was backed up.

        Digests count only where both follow the same rules: a later version may look at more.
        """
        wrong = {table for table in self.rows.keys() | rows.keys() if self.rows.get(table) != rows.get(table)}
        if self.comparable:
            wrong |= {table for table in self.digests if self.digests[table] != digests.get(table)}
        return sorted(wrong)

    @property
    def comparable(self) -> bool:
        """Whether this version's digests mean the same as the backup's."""
        return self.rules == RULES
