"""A ledger that has something for every page, served."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from kasparro.postgres.sharing import Server
from kasparro.sandbox import SandboxSettings
from kasparro.sandbox.past import write_past
from tests.api.serving import served
from tests.ingest.commands import Commands, fresh_ledger

KEY = "a-key-of-the-pages-0123456789"
COINS = 24
_FAULTS = ("coingecko:/coins/markets?page=1 bad-record=off after=1", "coinpaprika:/tickers bad-record=text",
           "coingecko:/coins/markets drift=add:sentiment")  # fmt: skip


_ANOMALY = """
INSERT INTO anomalies (run_id, source, listing_id, quote_id, kind, severity, reason, evidence, lasting, times)
SELECT 2, source, listing_id, quote_id, 'frozen_price', 'warning', 'the same price for 30 hours', '{"hours": 30}',
       true, 3
  FROM latest_quotes WHERE source = 'coingecko' AND source_coin_id = 'bitcoin'"""


class Shown:
    """The pages' `address`, and commands for the ledger at `url` that they show; `sandbox` is where its market comes
    from."""

    def __init__(self, address: str, url: str, commands: Commands, sandbox: str) -> None:
        self.address = address
        self.url = url
        self.commands = commands
        self.sandbox = sandbox


@contextmanager
def shown(server: Server, template: str, folder: Path) -> Iterator[Shown]:
    """The pages over a ledger after two runs of a simulated market, with two files of its past."""
    count = str(COINS)
    arguments = ["--port", "0", "--coingecko-plan", "unlimited", "--coinpaprika-plan", "unlimited",
                 "--coingecko-coins", count, "--coinpaprika-coins", count]  # fmt: skip
    faults = [part for fault in _FAULTS for part in ("--fault", fault)]
    write_past(
        folder / "past", SandboxSettings(coingecko_coins=COINS, coinpaprika_coins=COINS), time.time(), coins=3
    )  # fmt: skip
    with (
        fresh_ledger(server, template) as url,
        Commands(folder).start("sandbox", *arguments, *faults) as sandbox,
    ):
        try:
            assert sandbox.stdout is not None
            line = next(line for line in sandbox.stdout if "BASE_URL" in line)
            roots = dict(re.findall(r"(\w+_BASE_URL)=(\S+)", line))
            commands = Commands(folder, **roots, DATABASE_URL=url, CSV_PATH=folder / "past", ETL_SCHEDULE="off")
            for _ in range(2):
                code, _, errors = commands.run("ingest")
                assert code == 0, errors
            with psycopg.connect(url) as connection:
                connection.execute(_ANOMALY)
            settings = {"API_ADMIN_KEY": KEY, "ETL_SCHEDULE": "off"}
            with served(folder, url, workers=1, **settings) as address:
                yield Shown(address, url, commands, roots["COINGECKO_BASE_URL"].removesuffix("/api/v3"))
        finally:
            sandbox.kill()
