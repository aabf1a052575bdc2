"""`kasparro backup`, `kasparro restore` and `kasparro db move`: the whole ledger in a file, and elsewhere."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import msgspec
import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kasparro.bootstrap.database import open_database
from kasparro.cli.console import err, out, print_json
from kasparro.cli.db import app as db
from kasparro.cli.session import begin
from kasparro.cli.tables import moment
from kasparro.errors import ExitCode, Fatal
from kasparro.sources.registry import builders
from kasparro.store.backup.emptying import Former
from kasparro.store.backup.file import check_archive, read_manifest
from kasparro.store.backup.making import make_backup
from kasparro.store.backup.manifest import Manifest
from kasparro.store.backup.restoring import Restored, look_for_ledger, no_runs, not_empty, restore_backup
from kasparro.store.errors import DatabaseUnavailable

_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
_Tell = Callable[[int], None]


class NotSure(Fatal):
    """A question had to be asked, and nobody is there to answer."""

    exit_code = ExitCode.USAGE


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`, and `move` to `kasparro db`."""
    app.command()(backup)
    app.command()(restore)
    db.command()(move)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, or a folder to put one into.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    as_json: _Json = False,
) -> None:
    """Write the whole ledger into one file, as it is at this moment; runs and readers go on meanwhile.

    Example: `kasparro backup ledger.backup`
    """
    settings = begin()
    target = file / f"kasparro-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup" if file.is_dir() else file
    began = time.perf_counter()
    with open_database(settings) as database, _progress("backing up", None) as tell:
        written = asyncio.run(
            make_backup(
                database.url, target, overwrite=overwrite, tell=lambda size: tell(size, f"{size / 1e6:,.1f} MB")
            )
        )
    seconds = time.perf_counter() - began
    if as_json:
        print_json({"file": str(target), "seconds": round(seconds, 3), **msgspec.to_builtins(written)})
        return
    out.print(f"{target}: {_told(written)}, in {seconds:.1f} s", markup=False, soft_wrap=True)
    _tell_elsewhere(written)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `kasparro backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Give up the ledger that is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before that.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the file; needs no database.")] = False,
    as_json: _Json = False,
) -> None:
    """Put a backup where DATABASE_URL leads, and compare it with what was backed up. All of it happens or nothing.

    Example: `kasparro restore ledger.backup --replace`
    """
    settings = begin()
    began = time.perf_counter()
    manifest = _checked(file)
    if check:
        print_json(manifest) if as_json else out.print(f"{file} is whole: {_told(manifest)}", markup=False)
        return
    with open_database(settings) as database:
        former = asyncio.run(look_for_ledger(database.url))
        if former is not None:
            if not replace:
                raise not_empty(former)
            _ask(former, manifest, yes=yes)
        restored = _restored(database.url, file, manifest, replace=replace)
    _print(restored, manifest, time.perf_counter() - began, as_json=as_json)


def move(
    to: Annotated[str, typer.Argument(metavar="TO_URL", help="The new database; - reads its URL from standard input.")],
    as_json: _Json = False,
) -> None:
    """Move the ledger to another PostgreSQL: backup, restore, comparison. The old one stays as it is.

    Example: `kasparro db move postgresql://kasparro@db.example.org/kasparro`
    """
    settings = begin()
    target = sys.stdin.readline().strip() if to == "-" else to
    if not target.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("a URL such as postgresql://user@host:5432/database", param_hint="TO_URL")
    began = time.perf_counter()
    with open_database(settings) as database:
        manifest, restored = asyncio.run(_moved(database.url, target))
    if not as_json:
        out.print(f"Now set DATABASE_URL={_without_password(target)} and start Kasparro anew.", markup=False)
    _print(restored, manifest, time.perf_counter() - began, as_json=as_json, url=_without_password(target))


async def _moved(url: str, target: str) -> tuple[Manifest, Restored]:
    try:
        former = await look_for_ledger(target)
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(
            error.message.replace("the database", "the new database", 1), remedy="Check TO_URL; nothing was changed"
        ) from None
    if former is not None:
        raise not_empty(former)
    with TemporaryDirectory(prefix="kasparro-move-") as folder:
        file = Path(folder) / "ledger.backup"
        async with no_runs(url, tuple(builders())):
            with _progress("backing up", None) as tell:
                manifest = await make_backup(url, file, tell=lambda size: tell(size, f"{size / 1e6:,.1f} MB"))
            total = sum(manifest.rows.values())
            with _progress("moving", total) as tell:
                return manifest, await restore_backup(
                    target, file, manifest, sources=tuple(builders()), tell=_counting(tell, total)
                )


def _checked(file: Path) -> Manifest:
    manifest = read_manifest(file)
    with _progress("checking", manifest.size) as tell:
        check_archive(file, manifest, lambda done, of: tell(done, f"{done / 1e6:,.0f} of {of / 1e6:,.0f} MB"))
    return manifest


def _restored(url: str, file: Path, manifest: Manifest, *, replace: bool) -> Restored:
    total = sum(manifest.rows.values())
    with _progress("restoring", total) as tell:
        return asyncio.run(
            restore_backup(url, file, manifest, sources=tuple(builders()), replace=replace, tell=_counting(tell, total))
        )


def _counting(tell: Callable[[int, str], None], total: int) -> _Tell:
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        tell(done, f"{done:,} of {total:,} rows" if done < total else "indexes, and the comparison")

    return count


def _ask(former: Former, manifest: Manifest, *, yes: bool) -> None:
    question = f"Give up the ledger of {former.quotes:,} quotes for the backup of {moment(manifest.made_at)}?"
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotSure("a ledger is there, and would be given up", remedy="Add --yes if that is meant")
    typer.confirm(question, abort=True, err=True)


def _print(restored: Restored, manifest: Manifest, seconds: float, *, as_json: bool, url: str | None = None) -> None:
    if as_json:
        beside = {"url": url} if url else {}
        print_json({**beside, "seconds": round(seconds, 3), **msgspec.structs.asdict(restored)})
        return
    same = f"digests of {len(restored.digests)} tables equal" if restored.compared else "row counts equal"
    out.print(f"restored {_told(manifest)}, in {seconds:.1f} s: {same}", markup=False, soft_wrap=True)
    if not restored.compared:
        out.print("Its digests were made by other rules, and could not be compared.")
    if restored.migrated_from:
        out.print(f"Brought from schema {restored.migrated_from} to {restored.schema}.")
    if restored.keys_revoked_again:
        out.print(f"{restored.keys_revoked_again} keys that were revoked since the backup stay revoked.")
    _tell_elsewhere(manifest)


def _told(manifest: Manifest) -> str:
    quotes = manifest.rows.get("quotes", 0)
    return (
        f"{quotes:,} quotes as of {moment(manifest.made_at)}, schema {manifest.schema}, {manifest.size / 1e6:,.1f} MB"
    )


def _tell_elsewhere(manifest: Manifest) -> None:
    for folder, count in manifest.elsewhere.items():
        out.print(f"{count:,} payload bodies are not in it but in {folder}: back that folder up too.", markup=False)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:PASSWORD@{host}"))


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
    """A bar in a terminal, nothing elsewhere; `tell(done, said)` moves it."""
    described, said = TextColumn("{task.description}"), TextColumn("{task.fields[said]}")
    columns = (SpinnerColumn(), described, BarColumn(bar_width=24), said, TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task(what, total=total, said="")
        yield lambda done, said: bars.update(task, completed=done, said=said)
