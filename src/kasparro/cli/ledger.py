"""Commands on what the ledger holds: receipts, rejections, drift, replay, reprocess."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.progress import Progress, TaskID

from kasparro.bootstrap.database import Database
from kasparro.bootstrap.providers import known_sources, open_sources
from kasparro.cli.console import err, out, print_json
from kasparro.cli.session import ask, begin, ready_database
from kasparro.cli.tables import moment, print_rows, table
from kasparro.config import Settings
from kasparro.errors import ExitCode, Fatal
from kasparro.ingest.replay import Replayed
from kasparro.ingest.replay import replay as replay_source
from kasparro.ingest.reprocess import Reprocessed
from kasparro.ingest.reprocess import reprocess as reprocess_source
from kasparro.sources.contract import Payload, Request
from kasparro.sources.registry import builders
from kasparro.store.connection import connect
from kasparro.store.payloads import read_payload
from kasparro.store.posting import NUMBERS
from kasparro.store.receipts import Receipt, get_receipt
from kasparro.store.rejections import list_drift, list_rejections

_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
_SourceName = Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")]


class NoSuchQuote(Fatal):
    """The quote asked for is not in the ledger."""

    exit_code = ExitCode.USAGE


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    for command in (receipt, rejections, drift, replay, reprocess):
        app.command()(command)


def receipt(
    quote_id: Annotated[int, typer.Argument(help="The quote's id, as in `cleaned_data`.", min=0, max=2**63 - 1)],
    payload: Annotated[
        Path | None, typer.Option(help="Write the raw payload to this file; - for standard output.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Walk a quote back to the bytes, the request, the run and the parser that it came from.

    Example: `kasparro receipt 5242881`
    """

    settings = begin()
    with ready_database(settings) as database:
        found, body, record = asyncio.run(_walk(settings, database, quote_id))
    if payload is not None:
        if str(payload) == "-":
            sys.stdout.buffer.write(body)
            return
        payload.write_bytes(body)
    if as_json:
        print_json({**msgspec.structs.asdict(found), "record": record})
        return
    _print_receipt(found, record)
    if payload is not None:
        out.print(f"payload     written to {payload}", markup=False)


def rejections(
    source: _SourceName = None,
    all_: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 20,
    as_json: _Json = False,
) -> None:
    """Show the records that failed validation, with the reason.

    Example: `kasparro rejections --source csv`
    """
    if source:
        known_sources([source], "--source")
    found = ask(lambda c: list_rejections(c, source=source, include_resolved=all_, limit=limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (r.source, r.stream, r.reason, escape(r.detail[:80]), escape(r.record[:60]), str(r.times), moment(r.known_at))
        for r in found
    ]
    shown = table("source", "stream", "reason", "what is wrong", "record", "times", "first seen", numbers=("times",))
    print_rows(shown, rows, "no rejections: every record seen is in the ledger")


def drift(
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 20, as_json: _Json = False
) -> None:
    """Show how the sources' fields have changed.

    Example: `kasparro drift`
    """
    found = ask(lambda c: list_drift(c, limit=limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (d.source, d.stream, escape(d.field), d.kind, escape(d.found), f"{d.confidence:.0%}" if d.confidence else "",
         "yes" if d.required else "no", moment(d.known_at))
        for d in found
    ]  # fmt: skip
    shown = table("source", "stream", "field", "change", "found", "confidence", "required", "first seen")
    print_rows(shown, rows, "no drift: the sources' fields are as their parsers know them")


def replay(source: _SourceName = None, as_json: _Json = False) -> None:
    """Try rejected records again with today's parsers; they fill holes and override nothing.

    Example: `kasparro replay --source csv`
    """
    settings = begin()
    with ready_database(settings) as database:
        found = asyncio.run(_replay(settings, database, _names(source)))
    if as_json:
        print_json(found)
        return
    rows = [(r.source, f"{r.counts.seen:,}", f"{r.counts.new:,}", f"{r.counts.unchanged:,}", f"{r.counts.rejected:,}")
            for r in found]  # fmt: skip
    shown = table("source", "tried", "new", "known already", "still rejected",
                  numbers=("tried", "new", "known already", "still rejected"))  # fmt: skip
    print_rows(shown, rows, "nothing to replay")


def reprocess(source: _SourceName = None, as_json: _Json = False) -> None:
    """Read the kept payloads with today's parsers; only differences are written, as versions and retractions.

    Example: `kasparro reprocess`
    """
    settings = begin()
    with ready_database(settings) as database:
        found = asyncio.run(_reprocess(settings, database, _names(source)))
    if as_json:
        print_json(found)
        return
    rows = [
        (r.source, r.parser, *(f"{n:,}" for n in (r.payloads, r.records, r.versions, r.retractions, r.coins)))
        for r in found
    ]
    shown = table("source", "parser", "payloads", "records", "new versions", "retractions", "coins",
                  numbers=("payloads", "records", "new versions", "retractions", "coins"))  # fmt: skip
    print_rows(shown, rows, "no sources")
    if not any(r.versions or r.retractions or r.coins or r.resolved for r in found):
        out.print("Nothing changed: today's parsers read the kept payloads as the ledger has them.")


async def _walk(settings: Settings, database: Database, quote_id: int) -> tuple[Receipt, bytes, str]:
    connection = await connect(database.url)
    try:
        found = await get_receipt(connection, quote_id)
        if found is None:
            raise NoSuchQuote(
                f"there is no quote {quote_id}",
                remedy='`kasparro db shell -c "SELECT id, symbol FROM cleaned_data LIMIT 9"` shows some that are',
            )
        body = await read_payload(connection, bytes.fromhex(found.sha256))
    finally:
        await connection.close()
    async with open_sources(settings, database, (found.source,)) as [source]:
        request = msgspec.convert(found.request, Request)
        payload = Payload(body, found.fetched_at, found.about, found.simulated)
        return found, body, source.excerpt(request, payload, found.ordinal)


def _print_receipt(found: Receipt, record: str) -> None:
    simulated = " [magenta](simulated)[/]" if found.simulated else ""
    versions = f"version {found.version} of {found.versions}" + (", retracted" if found.retracted else "")
    values = {name: getattr(found, name) for name in NUMBERS}
    lines = [
        ("quote", f"{found.quote_id}  {escape(found.symbol or '')} {escape(found.name or '')}, {versions}"),
        ("listing", f"{found.source}{simulated} {escape(found.dataset)} [bold]{escape(found.source_coin_id)}[/]"
                    + (f", candle of {found.period} at its close" if found.period else "")),
        ("observed", f"{found.observed_at.isoformat()} by the source's clock"),
        *((name, str(value)) for name, value in values.items() if value is not None),
        ("unknown", ", ".join(name for name, value in values.items() if value is None) or "nothing"),
        ("fetched", f"{found.fetched_at.isoformat()}, known since {found.known_at.isoformat()}"),
        ("request", escape(f"{found.request['path']} {found.request.get('params') or ''}")),
        ("run", f"{found.run_id}, load {found.load_id} ({found.kind}, stream {escape(found.stream)})"),
        ("parser", found.parser),
        ("payload", f"sha256 {found.sha256}, {found.size:,} bytes, checked just now"),
        ("record", f"number {found.ordinal} of that payload:"),
    ]  # fmt: skip
    for name, text in lines:
        out.print(f"[dim]{name:<18}[/] {text}", soft_wrap=True)
    out.print(record, markup=False, soft_wrap=True)


def _names(source: str | None) -> tuple[str, ...]:
    return known_sources([source], "--source") if source else tuple(builders())


async def _replay(settings: Settings, database: Database, names: tuple[str, ...]) -> list[Replayed]:
    async with open_sources(settings, database, names) as sources:
        return [await replay_source(database.url, source) for source in sources]


async def _reprocess(settings: Settings, database: Database, names: tuple[str, ...]) -> list[Reprocessed]:
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bars:
        async with open_sources(settings, database, names) as sources:
            found = []
            for source in sources:
                tell = partial(_advance, bars, bars.add_task(source.name, total=None))
                found.append(await reprocess_source(database.url, source, tell=tell))
            return found


def _advance(bars: Progress, task: TaskID, done: int, of: int) -> None:
    bars.update(task, completed=done, total=of)
