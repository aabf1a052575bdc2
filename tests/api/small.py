"""A small ledger that is the same every time, for what is checked against known answers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from kasparro.postgres.sharing import Server
from tests.ingest.commands import Commands, fresh_ledger

PROJECT = Path(__file__).parents[2]
KEY = "a-key-of-the-tests-0123456789"
_SECOND_DAY = """id,symbol,name,price_usd,rank,last_updated
bitcoin,BTC,Bitcoin,98500.5,1,2026-11-01T00:00:00Z
bitcoin,BTC,Bitcoin,99001.25,1,2026-11-02T00:00:00Z
broken,BRK,Broken,twelve,,2026-11-02T00:00:00Z
"""
_DRIFT = """
INSERT INTO drift_events (source, stream, field, kind, found, confidence, required, load_id)
VALUES ('coingecko', 'markets', 'price', 'renamed', 'price_usd', 0.95, true, 3)"""

_ANOMALY = """
INSERT INTO anomalies (run_id, source, listing_id, quote_id, kind, severity, reason, evidence)
SELECT 2, 'csv', listing_id, quote_id, 'jump', 'warning',
       'the price went from 98,500 to 99,000 (+0.51%) in 24 h, where 0.02% are usual',
       '{"price": 99001.25, "before": 98500.5, "seconds": 86400, "score": 25.4, "volatility_day_percent": 0.02,
         "nearest_other": null}'
  FROM latest_quotes WHERE source_coin_id = 'bitcoin'"""


@contextmanager
def small_ledger(server: Server, template: str, folder: Path) -> Iterator[str]:
    """The URL of a ledger after two runs: the sample's coins, then their file with other content: a correction, a
    newer quote of the same coin, and a record that is no quote. A renamed field and a jump are on record too."""
    folder.mkdir(exist_ok=True)
    sample = folder / "crypto_sample.csv"
    shutil.copy(PROJECT / "data" / "crypto_sample.toml", folder)  # says that its numbers are made up
    with fresh_ledger(server, template) as url:
        commands = Commands(folder, DATABASE_URL=url, CSV_PATH=folder, ETL_SOURCES="csv")
        for text in ((PROJECT / "data" / "crypto_sample.csv").read_text(), _SECOND_DAY):
            sample.write_text(text)
            code, _, errors = commands.run("ingest")
            assert code == 0, errors
        with psycopg.connect(url) as connection:
            connection.execute(_DRIFT)
            connection.execute(_ANOMALY)
        yield url
