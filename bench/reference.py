"""The reference: psql's `\\copy` of the very rows that the ledger holds into tables of the same shape.

The tables are those of a ledger cloned from the same template: `quotes` with its partitions, primary key and
BRIN index, `latest_quotes`, and (for a first load) `listings`. `\\copy` gets them ready made, ids and all, as
PostgreSQL's own text format; it judges nothing, looks up nothing, keeps no payload and no journal.
"""

import re
import subprocess
from pathlib import Path

import psycopg

from bench.ledgers import Ledgers

_TIMES = re.compile(r"^Time: ([\d.]+) ms", re.MULTILINE)
_WARM = "SELECT FROM quotes, latest_quotes, listings LIMIT 0;"


class Reference:
    """The rows of one load or more, exported to files, to be copied as often as wanted."""

    def __init__(self, ledgers: Ledgers, folder: Path) -> None:
        self._ledgers = ledgers
        self._folder = folder
        self._queries: dict[str, str] = {}

    def export(self, database: str, queries: dict[str, str]) -> None:
        """Write the rows of each query (table -> SELECT) of `database` to a file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._queries = queries
        with psycopg.connect(self._ledgers.url(database), autocommit=True) as connection:
            for table, query in queries.items():
                with (
                    self._file(table).open("wb") as file,
                    connection.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as rows,
                ):
                    for block in rows:
                        file.write(block)

    def copy(self, database: str) -> float:
        """The seconds that `\\copy` takes for all the files, in one transaction, by psql's own clock.

        psql is connected and knows the tables before the clock runs.
        """
        self._ledgers.checkpoint()
        copies = "\n".join(f"\\copy {table} from '{self._file(table)}'" for table in self._queries)
        script = f"{_WARM}\n\\timing on\nBEGIN;\n{copies}\nCOMMIT;\n"
        psql = subprocess.run(
            [self._ledgers.server.bin_dir / "psql", "-X", "-v", "ON_ERROR_STOP=1", self._ledgers.url(database)],
            input=script, capture_output=True, text=True, check=True, cwd=self._folder,
        )  # fmt: skip
        times = [float(time) for time in _TIMES.findall(psql.stdout)]
        assert len(times) == len(self._queries) + 2, psql.stdout
        return sum(times) / 1000

    def _file(self, table: str) -> Path:
        return self._folder / f"{table}.txt"


def all_rows() -> dict[str, str]:
    """Everything that a first load writes: listings, quotes, latest quotes."""
    return {table: f"SELECT * FROM {table}" for table in ("listings", "quotes", "latest_quotes")}


def rows_since(load: int) -> dict[str, str]:
    """What a load of known coins writes: the quotes of the loads after `load`, and latest quotes."""
    return {
        "quotes": f"SELECT * FROM quotes WHERE quote_id >> 20 > {load}",
        "latest_quotes": "SELECT * FROM latest_quotes",
    }
