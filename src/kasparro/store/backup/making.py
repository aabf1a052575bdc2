"""Making a backup."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from kasparro import __version__
from kasparro.postgres.dump import dump, find_tool, major_of
from kasparro.store.backup.file import append_manifest, checksum, coming_file
from kasparro.store.backup.manifest import Manifest
from kasparro.store.backup.snapshot import count_rows, foreign_relations, ledger_revision, namespace_of, snapshot
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import Digests, digest_within
from kasparro.store.payloads import payloads_elsewhere

_LOOK_S = 0.2
Result = TypeVar("Result")


async def make_backup(
    url: str, target: Path, *, overwrite: bool = False, tell: Callable[[int], None] = lambda size: None
) -> Manifest:
    """Write the ledger at `url` to the file `target`; `tell(bytes)` reports how much is written.

    Archive and digests are of one snapshot, and nobody is kept from writing meanwhile. `target` appears when it is
    whole, or not at all. Raises ToolMissing, ToolFailed, NoLedger and what `coming_file` and `connect` raise.
    """
    with coming_file(target, overwrite=overwrite) as coming:
        connection = await connect(url)
        try:
            return await _write(connection, url, coming, tell)
        finally:
            await connection.close()


async def _write(connection: Connection, url: str, coming: Path, tell: Callable[[int], None]) -> Manifest:
    schema = await ledger_revision(connection)
    tool = find_tool("pg_dump", connection.info.server_version // 10_000)
    namespace = await namespace_of(connection)
    async with snapshot(connection) as name:
        made_at = datetime.now(UTC)
        others = [f"--exclude-table={namespace}.{_quoted(table)}" for table in await foreign_relations(connection)]
        options = [f"--snapshot={name}", f"--schema={namespace}", *others, "--no-unlogged-table-data",
                   "--no-publications", "--no-subscriptions", "--no-security-labels"]  # fmt: skip
        digests, rows = await _beside(dump(tool, url, coming, options), _looked(connection), coming, tell)
        elsewhere = await payloads_elsewhere(connection) if schema >= "0004" else {}
    size, sha256 = checksum(coming)
    manifest = Manifest(
        made_at=made_at,
        kasparro=__version__,
        schema=schema,
        namespace=namespace,
        server=str(connection.info.parameter_status("server_version")),
        pg_dump=major_of(tool),
        size=size,
        sha256=sha256,
        digests=digests,
        rows=rows,
        elsewhere=elsewhere,
    )
    append_manifest(coming, manifest)
    return manifest


async def _looked(connection: Connection) -> tuple[Digests, dict[str, int]]:
    return await digest_within(connection), await count_rows(connection)


async def _beside(
    dumping: Awaitable[None], looking: Awaitable[Result], coming: Path, tell: Callable[[int], None]
) -> Result:
    """Both at once; the first failure ends the other."""
    tasks = (asyncio.ensure_future(dumping), asyncio.ensure_future(looking))
    try:
        left: set[asyncio.Future[Any]] = set(tasks)
        while left:
            done, left = await asyncio.wait(left, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
            tell(os.stat(coming).st_size)  # noqa: PTH116 - it takes microseconds
        return await tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
