"""The CSV source: price files of any known or declared layout.

Lives here: finding files, sniffing how they're written, recognising layouts, rows to quotes.
May not live here: SQL, HTTP, anything that writes the ledger or the files that it reads.
"""

from kasparro.sources.csv.source import CsvSource

__all__ = ["CsvSource"]
