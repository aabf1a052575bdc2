"""`kasparro retention`: what of the ledger lies in files, and moving it there and back."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import Progress

from kasparro.cli.console import err, out, print_json
from kasparro.cli.session import begin, ready_database
from kasparro.errors import ExitCode, Fatal
from kasparro.store.connection import Connection, connect
from kasparro.store.payloads import payloads_elsewhere
from kasparro.store.retention import Outcome, Tell, bring_back, check_moved, held, move_payloads, old_payloads

Result = TypeVar("Result")
_SHOWN = 10


class PayloadsFaulty(Fatal):
    """Some payloads are damaged or missing; the others were done."""

    exit_code = ExitCode.INPUT


def retention(
    older: Annotated[
        str | None, typer.Option("--payloads-older-than", help="Those that came last so long ago, such as 90d.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The folder of the files; made if it is missing.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Bring all bodies back, from --to if given.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read all files and compare them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be moved.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Move the bodies of old payloads out of the database into files; receipts and replays find them there.

    Without options it shows what lies where.

    Example: `kasparro retention --payloads-older-than 90d --to /archive/payloads`
    """
    if [bool(older), back, check].count(True) > 1:
        raise typer.BadParameter("one of --payloads-older-than, --back and --check")
    if older and to is None and not dry_run:
        raise typer.BadParameter("a folder for the files is needed", param_hint="--to")
    folder = to.resolve() if to else None
    if back:
        _done("brought back", _with_bar(lambda c, tell: bring_back(c, folder, tell)), as_json=as_json)
        if not as_json:
            out.print("The files stay; remove them when a backup holds the bodies.")
    elif check:
        _done("found good", _with_bar(check_moved), as_json=as_json)
    elif older:
        before = datetime.now(UTC) - _days(older)
        if dry_run or folder is None:
            _foretell(_with_bar(lambda c, tell: old_payloads(c, before)), as_json=as_json)
        else:
            _done("moved", _with_bar(partial(_move, before, folder)), as_json=as_json)
    else:
        _show(as_json=as_json)


async def _move(before: datetime, folder: Path, connection: Connection, tell: Tell) -> Outcome:
    chosen = [sha256 for sha256, _ in await old_payloads(connection, before)]
    return await move_payloads(connection, chosen, folder, tell)


def _days(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})d", text.strip())
    if not found:
        raise typer.BadParameter("a number of days, such as 90d", param_hint="--payloads-older-than")
    return timedelta(days=int(found[1]))


def _with_bar(work: Callable[[Connection, Tell], Awaitable[Result]]) -> Result:
    with (
        ready_database(begin()) as database,
        Progress(console=err, transient=True, disable=not err.is_terminal) as bars,
    ):
        task = bars.add_task("payloads", total=None)

        async def run() -> Result:
            connection = await connect(database.url)
            try:
                return await work(connection, lambda done, of: bars.update(task, completed=done, total=of))
            finally:
                await connection.close()

        return asyncio.run(run())


def _done(what: str, outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
    else:
        out.print(f"{outcome.payloads:,} payloads, {outcome.bytes / 1e6:,.1f} MB, {what}")
        for fault in outcome.faults[:_SHOWN]:
            out.print(fault, markup=False, soft_wrap=True)
    if outcome.faults:
        raise PayloadsFaulty(
            f"{len(outcome.faults):,} payloads could not be {what}",
            remedy="See what is said of each; the others are done, and the same command goes on with these",
        )


def _foretell(found: list[tuple[bytes, int]], *, as_json: bool) -> None:
    size = sum(one for _, one in found)
    if as_json:
        print_json({"payloads": len(found), "bytes": size})
        return
    out.print(f"{len(found):,} payloads, {size / 1e6:,.1f} MB, would be moved")


def _show(*, as_json: bool) -> None:
    async def look(connection: Connection, tell: Tell) -> tuple[int, int, dict[str, int]]:
        now = await held(connection)
        return now.payloads, now.bytes, await payloads_elsewhere(connection)

    payloads, size, elsewhere = _with_bar(look)
    if as_json:
        print_json({"payloads": payloads, "bytes": size, "elsewhere": elsewhere})
        return
    out.print(f"{payloads:,} payloads, {size / 1e6:,.1f} MB, in the database")
    for folder, count in elsewhere.items():
        out.print(f"{count:,} payloads in {folder}", markup=False)
