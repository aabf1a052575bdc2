"""The CSV source: price files of any known or declared layout.

Lives here: finding files, sniffing how they're written, recognising layouts, rows to quotes.
May not live here: SQL, HTTP, anything that writes the ledger or the files that it reads.
"""

from kasparro.config import Settings
from kasparro.sources.csv.source import CsvSource

__all__ = ["CsvSource", "build_source"]


def build_source(settings: Settings, client: object) -> CsvSource:
    """The files of CSV_PATH, in batches of ETL_BATCH_SIZE rows; files need no client."""
    return CsvSource(settings.csv_pattern, batch_size=settings.etl_batch_size)
