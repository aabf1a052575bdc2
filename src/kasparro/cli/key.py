"""`kasparro key`: keys for what the API doesn't let everybody do."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape

from kasparro.cli.console import err, out, print_json
from kasparro.cli.session import ask
from kasparro.cli.tables import moment, print_rows, table
from kasparro.errors import ExitCode, Fatal
from kasparro.store.connection import Connection
from kasparro.store.keys import KeptKey, Scope, create_key, list_keys, revoke_key

app = typer.Typer(help="Keys of the API: create, list, revoke.", no_args_is_help=True)

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class NoSuchKey(Fatal):
    """The key asked for is not in the ledger."""

    exit_code = ExitCode.USAGE


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose it is, or what for.")],
    scope: Annotated[
        Scope, typer.Option(help="read: read where keys are required; run: start runs too; admin: everything.")
    ],
    expires: Annotated[str | None, typer.Option(help="Hours, days or weeks from now, such as 90d.")] = None,
) -> None:
    """Make a key and print it. It is shown this once; the ledger keeps only its SHA-256.

    Example: `kasparro key create --name deploy --scope run --expires 90d`
    """
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise typer.BadParameter("1 to 100 printable characters", param_hint="--name")
    ends = datetime.now(UTC) + _span(expires) if expires else None

    async def make(connection: Connection) -> str:
        return await create_key(connection, name=name.strip(), scope=scope, expires_at=ends)

    typer.echo(ask(make))
    err.print("Send it as `Authorization: Bearer KEY`. It can't be shown again.", markup=False, soft_wrap=True)


@app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show all keys that ever were; never their secrets.

    Example: `kasparro key list --json`
    """
    found = ask(list_keys)
    now = datetime.now(UTC)
    if as_json:
        print_json([_as_json(key, now) for key in found])
        return
    rows = [
        (key.key_id, escape(key.name), key.scope, _state(key, now), moment(key.created_at), moment(key.expires_at))
        for key in found
    ]
    print_rows(table("key", "name", "scope", "state", "created", "expires"), rows, "no keys yet: `kasparro key create`")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as `kasparro key list` shows it.")]) -> None:
    """Make a key useless from now on.

    Example: `kasparro key revoke 0f3a9c41d2b7`
    """

    async def end(connection: Connection) -> bool:
        return await revoke_key(connection, key_id)

    if not ask(end):
        raise NoSuchKey(f"there is no key {key_id!r}", remedy="`kasparro key list` shows those there are")
    out.print(f"revoked {key_id}", markup=False)


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([hdw])", text.strip())
    if not found:
        raise typer.BadParameter("a number of hours, days or weeks, such as 12h, 90d or 4w", param_hint="--expires")
    return int(found[1]) * _UNITS[found[2]]


def _state(key: KeptKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "usable" if key.usable(now) else "expired"


def _as_json(key: KeptKey, now: datetime) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scope": key.scope.value,
        "state": _state(key, now),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
