"""Restoring: one transaction that takes the former ledger away, plays the backup, checks it and brings it up to date.

So nothing else is needed on a server but a database to write to, and a restore that fails, or is killed at any
instant, leaves what was there. Who reads meanwhile waits, and then finds the one or the other.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import psycopg

from kasparro.errors import ExitCode, Fatal
from kasparro.postgres.dump import contents, find_tool, script
from kasparro.store.backup.emptying import Former, NotEmpty, former_ledger, revoke_again, revoked_keys, take_away
from kasparro.store.backup.manifest import Manifest
from kasparro.store.backup.replay import replay
from kasparro.store.backup.snapshot import count_rows
from kasparro.store.claims import claim, holder, release
from kasparro.store.connection import Connection, connect
from kasparro.store.digest import Digests, digest_within
from kasparro.store.errors import explain
from kasparro.store.schema import revision, upgrade_within

# The schema that the tables lie in is there, and its owner's, who needn't be who restores.
_OF_SCHEMA = re.compile(r"^\d+; \d+ \d+ (?:SCHEMA - |COMMENT - SCHEMA )")
_SOURCES = "SELECT DISTINCT unnest(sources) FROM etl_runs"
_HAS_RUNS = "SELECT to_regclass('etl_runs') IS NOT NULL"


class RestoreFailed(Fatal):
    """The backup could not be played, or what came out isn't what was backed up."""

    exit_code = ExitCode.DATABASE


class RunActive(Fatal):
    """A run is working on the ledger."""

    exit_code = ExitCode.BUSY


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger that was restored and found equal; `keys_revoked_again` were revoked after the backup was made.

    `compared` says whether the digests could be, or only the counts of all tables (see `Manifest.comparable`).
    """

    schema: str
    migrated_from: str | None
    digests: Digests
    rows: int
    compared: bool
    keys_revoked_again: int
    replaced: Former | None


@asynccontextmanager
async def no_runs(url: str, sources: Sequence[str]) -> AsyncIterator[Connection]:
    """A connection on which all sources are claimed, so that no run begins or goes on. Raises RunActive."""
    connection = await connect(url)
    try:
        row = await (await connection.execute(_HAS_RUNS)).fetchone()
        known = await (await connection.execute(_SOURCES)).fetchall() if row and row[0] else []
        for source in dict.fromkeys([*sources, *(row[0] for row in known)]):
            if not await claim(connection, source):
                run = await holder(connection, source)
                raise RunActive(
                    f"run {run or 'starting'} is working on {source}",
                    remedy="Wait for its end, or stop the worker (`kasparro down`)",
                )
        yield connection
    finally:
        await release(connection)


async def look_for_ledger(url: str) -> Former | None:
    """The ledger at `url`, None when there is none or nothing is in it. Raises SchemaOutdated for a newer one."""
    connection = await connect(url)
    try:
        return await former_ledger(connection)
    finally:
        await connection.close()


def not_empty(former: Former) -> NotEmpty:
    """The error of a database that holds a ledger which nobody said to give up."""
    return NotEmpty(
        f"the database holds a ledger of {former.quotes:,} quotes",
        remedy="Name another database, or add --replace to `kasparro restore` to give that ledger up",
    )


async def restore_backup(
    url: str, backup: Path, manifest: Manifest, *, sources: Sequence[str], replace: bool = False,
    tell: Callable[[int], None] = lambda rows: None,
) -> Restored:  # fmt: skip
    """Put the checked `backup` where `url` leads; with `replace` instead of the ledger that is there.

    `tell(rows)` reports each part of a table. Raises NotEmpty, RunActive, InTheWay, RestoreFailed, ToolMissing,
    ToolFailed and the typed errors of `store.errors`; whatever it raises, the former ledger is as it was.
    """
    tool = find_tool("pg_restore", manifest.pg_dump)
    with TemporaryDirectory(prefix="kasparro-restore-") as folder:
        entries = Path(folder) / "entries"
        entries.write_text("".join(f"{line}\n" for line in contents(tool, backup) if not _OF_SCHEMA.search(line)))
        async with no_runs(url, sources) as connection:
            former = await former_ledger(connection)
            if former is not None and not replace:
                raise not_empty(former)
            await _require_namespace(connection, manifest)
            schema = await revision(connection)
            try:
                async with connection.transaction():
                    revoked = await revoked_keys(connection, schema)
                    await take_away(connection)
                    async with script(tool, backup, entries) as chunks:
                        await replay(connection, chunks, tell)
                    digests = await _compared(connection, manifest)
                    migrated = await upgrade_within(connection)
                    again = await revoke_again(connection, revoked)
            except psycopg.Error as error:
                raise explain(error) or RestoreFailed(
                    f"the backup can't be played here: {str(error).splitlines()[0]}",
                    remedy="Restore into an empty database of its own",
                ) from error
    return Restored(
        schema=migrated or manifest.schema,
        migrated_from=manifest.schema if migrated else None,
        digests=digests,
        rows=sum(manifest.rows.values()),
        compared=manifest.comparable,
        keys_revoked_again=again,
        replaced=former,
    )


async def _require_namespace(connection: Connection, manifest: Manifest) -> None:
    row = await (await connection.execute("SELECT current_schema()::regnamespace::text")).fetchone()
    if row is None or row[0] != manifest.namespace:
        raise RestoreFailed(
            f"the backup's tables lie in the schema {manifest.namespace}, and the database's search path begins with"
            f" {row[0] if row else 'none'}",
            remedy=f"Add options=-csearch_path={manifest.namespace} to the address",
        )


async def _compared(connection: Connection, manifest: Manifest) -> Digests:
    """The digests of what was played. Raises RestoreFailed when it isn't what was backed up."""
    await connection.execute("RESET search_path")  # the script clears it
    # Fresh tables have no statistics, and without them the digest may take its time.
    await connection.execute("ANALYZE")
    digests = await digest_within(connection)
    wrong = manifest.differences(digests, await count_rows(connection))
    if wrong:
        raise RestoreFailed(
            f"what was restored differs from what was backed up in {', '.join(wrong)}",
            remedy="Nothing was changed; take another backup, and report this one",
        )
    return digests
