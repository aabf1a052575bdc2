"""A payload of 50 MB: its records all come in, within bounded memory."""

import asyncio
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kasparro.store.connection import connect
from tests.ingest.commands import Commands
from tests.ingest.looking import rows

RECORDS = 60_000
MEGABYTES = 600

_CHANGES = ("15m", "30m", "1h", "6h", "12h", "24h", "7d", "30d", "1y")


def _ticker(n: int) -> str:
    changes = ",".join(f'"percent_change_{span}":-0.{n % 97 + 1}' for span in _CHANGES)
    return (
        f'{{"id":"coin-{n}","name":"Coin {n} {"of a long name " * 12}","symbol":"C{n}","rank":{n + 1},'
        f'"circulating_supply":{n + 1000},"total_supply":{n + 2000},"max_supply":{n + 3000},"beta_value":1.1,'
        f'"first_data_at":"2020-01-01T00:00:00Z","last_updated":"2026-03-01T00:00:00Z",'
        f'"quotes":{{"USD":{{"price":0.{n + 1:030d},"volume_24h":{n}.5,"volume_24h_change_24h":1.5,'
        f'"market_cap":{n + 1}000,"market_cap_change_24h":0.5,{changes},"ath_price":9.5,'
        f'"ath_date":"2021-01-01T00:00:00Z","percent_from_price_ath":-50.5}}}}}}'
    )


@contextmanager
def _serving(tickers: bytes) -> Iterator[str]:
    """A provider that has these tickers and empty lists."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = tickers if self.path.startswith("/tickers") else b"[]"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as provider:
        threading.Thread(target=provider.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{provider.server_port}"
        finally:
            provider.shutdown()


def _peak_megabytes(process: subprocess.Popen[str]) -> int:
    """Wait for a process; the most memory that it had."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss // 1024


def test_fifty_megabytes_in_one_payload_come_in_within_bounded_memory(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = f"[{','.join(map(_ticker, range(RECORDS)))}]".encode()
    with _serving(content) as address:
        commands = Commands(tmp_path, DATABASE_URL=url, COINPAPRIKA_BASE_URL=address)
        with commands.start("ingest", "--source", "coinpaprika", "--json") as process:
            peak = _peak_megabytes(process)
            assert process.stdout is not None
            report = json.loads(process.stdout.read())
    assert (process.returncode, report["status"]) == (0, "success")
    with capsys.disabled():
        print(f"\n{len(content) / 1024**2:.0f} MB in one payload, {RECORDS} records: {peak} MB of memory at most")
    assert peak < MEGABYTES
    [(count, exact)] = asyncio.run(
        _ask(url, f"SELECT count(*), max(price_usd)::text FROM latest_quotes WHERE price_usd <= 0.{RECORDS:030d}")
    )
    assert (count, exact) == (RECORDS, f"0.{RECORDS:030d}")


async def _ask(url: str, question: str) -> list[tuple[int, str]]:
    connection = await connect(url)
    try:
        return await rows(connection, question)
    finally:
        await connection.close()
