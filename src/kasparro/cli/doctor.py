"""`kasparro doctor`: checks everything a run needs, and says what to fix."""

import asyncio
import shutil
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from kasparro.bootstrap.database import Database, open_database
from kasparro.bootstrap.providers import open_sources, source_names
from kasparro.cli.console import out, print_json
from kasparro.cli.session import begin
from kasparro.cli.tables import table
from kasparro.config import Settings
from kasparro.errors import ExitCode, KasparroError
from kasparro.store.connection import connect
from kasparro.store.quota import used_this_month
from kasparro.store.schema import require_schema

_MINIMUM_FREE = 1_000_000_000
_CLOCK_TOLERANCE = 60.0
_REFUSALS = (401, 402, 403, 429)


class Finding(msgspec.Struct, frozen=True):
    """The result of one check; `remedy` says what to do when it isn't `ok`."""

    check: str
    ok: bool
    said: str
    remedy: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Check settings, database, disk, providers and clock, and say what to fix.

    Example: `kasparro doctor`
    """
    settings = begin()
    names = ", ".join(source_names(settings))
    findings = [Finding("settings", True, f"home {settings.kasparro_home}, sources {names}"), _disk(settings)]
    try:
        with open_database(settings) as database:
            findings += asyncio.run(_look(settings, database))
    except KasparroError as error:
        findings.append(Finding("database", False, error.message, error.remedy))
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    raise typer.Exit(ExitCode.OK if all(finding.ok for finding in findings) else ExitCode.FAILED)


def _print(findings: list[Finding]) -> None:
    shown = table("check", "", "what was found", "what to do")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]not ok[/]"
        shown.add_row(finding.check, mark, escape(finding.said), escape(finding.remedy))
    out.print(shown)


def _disk(settings: Settings) -> Finding:
    folder = settings.kasparro_home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free at {folder}"
    return Finding("disk", free > _MINIMUM_FREE, said, "" if free > _MINIMUM_FREE else "Free some space")


async def _look(settings: Settings, database: Database) -> list[Finding]:
    """The database, and every source: files must be there, providers must answer (any answer will do)."""
    connection = await connect(database.url)
    try:
        await require_schema(connection)
        used = await used_this_month(connection)
        version = connection.info.parameter_status("server_version")
    finally:
        await connection.close()
    calls = ", ".join(f"{name} {count:,}" for name, count in used.items()) or "none"
    findings = [Finding("database", True, f"PostgreSQL {version}; calls this month: {calls}")]
    async with open_sources(settings, database, source_names(settings)) as sources:
        found = await asyncio.gather(*(_source(source.name, source.address) for source in sources))
        for source in sources:
            await source.close()
    return findings + [finding for several in found for finding in several]


async def _source(name: str, address: str) -> list[Finding]:
    if address.startswith(("http://", "https://")):
        return await _provider(name, address)
    return [await asyncio.to_thread(_files, name, address)]


def _files(name: str, address: str) -> Finding:
    found = Path(address).exists() or any(Path("/").glob(address.lstrip("/")))
    return Finding(name, found, address, "" if found else "Set CSV_PATH to a file, a directory or a pattern")


async def _provider(name: str, url: str) -> list[Finding]:
    """Whether `url` answers, and how far our clock is from its `Date` header."""
    import httpx2

    try:
        async with httpx2.AsyncClient(timeout=10.0) as http:
            answer = await http.get(url)
    except httpx2.HTTPError as error:
        why = f"{url}: {type(error).__name__} {error}".strip()
        return [Finding(name, False, why, "Check the network, or try `make demo`, which needs none")]
    good = answer.status_code < 500 and answer.status_code not in _REFUSALS
    remedy = "" if good else "Check the plan and the key" if answer.status_code < 500 else "Try again later"
    findings = [Finding(name, good, f"{url} answers ({answer.status_code})", remedy)]
    if "date" in answer.headers:
        ours = datetime.now(UTC)
        apart = abs((parsedate_to_datetime(answer.headers["date"]).astimezone(UTC) - ours).total_seconds())
        good = apart < _CLOCK_TOLERANCE
        findings.append(
            Finding(f"clock ({name})", good, f"{apart:.0f} s apart", "" if good else "Set this machine's clock (NTP)")
        )
    return findings
