"""Backup and restore of a ledger of a million quotes, with the digests of both compared."""

import asyncio
import time
from pathlib import Path

from bench.figure import Figure, at_most, below, told
from bench.large_ledger import fill
from bench.ledgers import Ledgers
from kasparro.store.backup.file import check_archive, read_manifest
from kasparro.store.backup.making import make_backup
from kasparro.store.backup.restoring import restore_backup
from kasparro.store.connection import connect
from kasparro.store.digest import Digests, digest

NAME = "backup"
_QUOTES = 1_000_000
_COINS = 5_000


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Seconds of both together, as the commands do it: each checks what it made."""
    folder.mkdir()
    file = folder / "ledger.backup"
    with ledgers.fresh() as source, ledgers.fresh() as target:
        fill(ledgers.url(source), coins=_COINS, quotes=_QUOTES)
        ledgers.checkpoint()
        began = time.perf_counter()
        asyncio.run(make_backup(ledgers.url(source), file))
        backed_up = time.perf_counter() - began
        ledgers.checkpoint()
        began = time.perf_counter()
        manifest = read_manifest(file)
        check_archive(file, manifest, lambda done, of: None)
        asyncio.run(restore_backup(ledgers.url(target), file, manifest, sources=["coingecko"]))
        restored = time.perf_counter() - began
        before, after = (asyncio.run(_digest(ledgers.url(name))) for name in (source, target))
    note = f"{backed_up:.1f} s and {restored:.1f} s"
    differing = sum(before[table] != after[table] for table in before)
    return [
        below(NAME, "1 million quotes backed up and restored", backed_up + restored, 60, "s", note),
        at_most(NAME, "tables whose digests differ", differing, 0, "tables", f"of {len(before)}"),
        told(NAME, "the file", file.stat().st_size / 1e6, "MB"),
    ]


async def _digest(url: str) -> Digests:
    connection = await connect(url)
    try:
        return await digest(connection)
    finally:
        await connection.close()
