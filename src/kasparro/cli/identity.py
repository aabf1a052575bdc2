"""`kasparro identity`: what a person decides of listings that may be one coin; and `kasparro explain`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from kasparro.bootstrap.providers import known_sources
from kasparro.cli.console import out, print_json
from kasparro.cli.evidence import evidence_lines
from kasparro.cli.session import begin, ready_database
from kasparro.cli.tables import moment, print_rows, table
from kasparro.errors import ExitCode, Fatal
from kasparro.ingest.identity import settle_identity
from kasparro.ingest.verdicts import Decided, decide, take_back
from kasparro.market.identity.changes import compare_lists
from kasparro.market.identity.subject import CSV
from kasparro.store.identity.coin_lists import first_listed_at, read_list
from kasparro.store.identity.explaining import Explanation
from kasparro.store.identity.explaining import explain as explain_text
from kasparro.store.identity.links import Resolved
from kasparro.store.identity.session import identity_session
from kasparro.store.identity.verdicts import Kept, Waiting, list_verdicts, list_waiting

app = typer.Typer(
    help="Which listings are one coin: review, link, split, verdicts, undo, resolve.", no_args_is_help=True
)

_One = Annotated[str, typer.Argument(help="A listing: SOURCE:ID, csv:FILE:ID, or an id that one source only has.")]
_Note = Annotated[str, typer.Option(help="Why, for those who ask later.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


class NoSuchVerdict(Fatal):
    """The decision asked for is not there, or was taken back before."""

    exit_code = ExitCode.USAGE


@app.command()
def review(limit: Annotated[int, typer.Option(help="How many to show.", min=1)] = 20, as_json: _Json = False) -> None:
    """Go through the pairs that are likely one coin: accept, reject or skip each. In a pipe they are only listed.

    Example: `kasparro identity review --limit 5`
    """

    def look(url: str) -> None:
        with identity_session(url) as session:
            waiting = list_waiting(session, limit)
        if as_json:
            print_json(waiting)
            return
        if not out.is_terminal or not waiting:
            rows = [(f"{w.score:.2f}", _first(w), _second(w), escape(w.reason)) for w in waiting]
            print_rows(table("score", "listing", "may be", "why it isn't a link", numbers=("score",)), rows,
                       "nothing waits for a decision")  # fmt: skip
            return
        for number, pair in enumerate(waiting, 1):
            _ask_about(url, pair, f"{number} of {len(waiting)}")

    _with_database(look)


@app.command()
def link(one: _One, other: _One, note: _Note = "") -> None:
    """Say that two listings are the same coin. Refused, with the evidence, when their addresses say otherwise.

    Example: `kasparro identity link coinpaprika:miota-iota coingecko:iota --note "same project"`
    """
    _with_database(lambda url: _print_decided(decide(url, one, other, same=True, note=note), "one coin"))


@app.command()
def split(one: _One, other: _One, note: _Note = "") -> None:
    """Say that two listings are different coins.

    Example: `kasparro identity split coinpaprika:btt-bittorrent coingecko:bittorrent`
    """
    _with_database(lambda url: _print_decided(decide(url, one, other, same=False, note=note), "two coins"))


@app.command()
def verdicts(as_json: _Json = False) -> None:
    """Show everything that people decided, also what was taken back.

    Example: `kasparro identity verdicts --json`
    """

    def look(url: str) -> None:
        with identity_session(url) as session:
            found = list_verdicts(session)
        if as_json:
            print_json(found)
            return
        rows = [
            (str(v.verdict_id), _first(v), "is" if v.same else "is not", _second(v), moment(v.decided_at),
             moment(v.withdrawn_at), escape(v.note))
            for v in found
        ]  # fmt: skip
        print_rows(table("verdict", "listing", "", "other", "decided", "taken back", "note"), rows, "none yet")

    _with_database(look)


@app.command()
def undo(
    verdict_id: Annotated[int, typer.Argument(help="Its number, as `kasparro identity verdicts` shows it.")],
) -> None:
    """Take a decision back; it stays in the list.

    Example: `kasparro identity undo 3`
    """

    def act(url: str) -> None:
        done = take_back(url, verdict_id)
        if done is None:
            raise NoSuchVerdict(
                f"no verdict {verdict_id} stands", remedy="`kasparro identity verdicts` shows those there are"
            )
        out.print(f"verdict {verdict_id} taken back; {_told(done)}", markup=False)

    _with_database(act)


@app.command()
def resolve(as_json: _Json = False) -> None:
    """Decide of all listings anew. Each run does it for what changed; this is for after an upgrade.

    Example: `kasparro identity resolve`
    """

    def act(url: str) -> None:
        done = settle_identity(url, anew=True)
        print_json(done) if as_json else out.print(_told(done), markup=False)

    _with_database(act)


@app.command()
def changes(
    source: Annotated[str, typer.Option("--source", "-s", help="coinpaprika or coingecko.")],
    days: Annotated[int, typer.Option(help="Since so many days ago, or since the first list.", min=1)] = 7,
    as_json: _Json = False,
) -> None:
    """Show what changed in a source's coin list: renames, delistings, relistings, coins that moved to another id.

    Example: `kasparro identity changes --source coingecko --days 30`
    """
    known_sources([source], "--source")
    if source == CSV:
        raise typer.BadParameter("files have no coin list", param_hint="--source")
    since = datetime.now(UTC) - timedelta(days=days)

    def look(url: str) -> None:
        with identity_session(url) as session:
            first = first_listed_at(session, source)
            before = read_list(session, source, max(since, first)) if first else {}
            found = compare_lists(before, read_list(session, source, None))
        if as_json:
            print_json(found)
            return
        rows = [
            (change.kind, escape(change.coin_id), escape(change.before), escape(change.after), escape(change.evidence))
            for change in found
        ]
        empty = f"nothing changed since {moment(max(since, first))}" if first else f"no coin list of {source} yet"
        print_rows(table("change", "coin", "before", "after", "evidence"), rows, empty)

    _with_database(look)


def explain(
    listing: Annotated[
        str, typer.Argument(help="A listing: SOURCE:ID, csv:FILE:ID, or an id; or an asset, for all its listings.")
    ],
    as_json: _Json = False,
) -> None:
    """Explain which asset a listing belongs to, since when, how that is known, and what else was considered.

    Example: `kasparro explain coingecko:bitcoin`
    """

    def look(url: str) -> None:
        with identity_session(url) as session:
            found = explain_text(session, listing)
        if as_json:
            print_json(found if len(found) > 1 else found[0])
            return
        for place, one in enumerate(found):
            if place:
                out.print()
            _print_explanation(one)

    _with_database(look)


def _ask_about(url: str, pair: Waiting, place: str) -> None:
    out.print(f"\n[bold]{place}[/] score {pair.score:.2f}: {escape(pair.reason)}")
    out.print(f"  {_first(pair)}\n  {_second(pair)}")
    _print_evidence(pair.evidence)
    answer = typer.prompt("one coin? [y]es, [n]o, [s]kip, [q]uit", default="s").strip().lower()[:1]
    if answer == "q":
        raise typer.Exit
    if answer in ("y", "n"):
        one, other = _written(pair)
        _print_decided(decide(url, one, other, same=answer == "y"), "one coin" if answer == "y" else "two coins")


def _print_explanation(found: Explanation) -> None:
    now = found.listing
    out.print(f"[bold]{escape(now.written)}[/] ({escape(now.symbol.upper())}, {escape(now.name)})")
    if not found.links:
        out.print("no run has decided anything of it yet")
        return
    out.print(
        f"asset [bold]{escape(found.links[0].asset)}[/], with {', '.join(map(escape, found.mates)) or 'no other'}"
    )
    if found.unlinked:
        out.print(f"[yellow]linked to no provider's coin[/]: {escape(found.unlinked)}")
    for one in found.links:
        out.print(f"\nsince {moment(one.since)}: {escape(one.asset)} by {one.method}, confidence {one.confidence:g}")
        _print_evidence(one.evidence)
    for pair in found.suggestions:
        out.print(f"\nmay be one coin ({pair.score:.2f}): {_first(pair)} and {_second(pair)}: {escape(pair.reason)}")
    for verdict in found.verdicts:
        taken = f", taken back {moment(verdict.withdrawn_at)}" if verdict.withdrawn_at else ""
        word = "one coin" if verdict.same else "two coins"
        out.print(f"\n{moment(verdict.decided_at)}: a person said {word}: {_first(verdict)}, {_second(verdict)}{taken}")


def _print_evidence(evidence: Mapping[str, Any]) -> None:
    for line in evidence_lines(evidence):
        out.print(f"  {line}", markup=False, soft_wrap=True)


def _print_decided(done: Decided, word: str) -> None:
    out.print(f"{done.one.written} and {done.other.written} are {word}; {_told(done.resolved)}", markup=False)


def _told(done: Resolved) -> str:
    return f"{done.decided:,} listings decided, {done.changed:,} changed, {done.seconds:.2f} s"


def _written(pair: Waiting | Kept) -> tuple[str, str]:
    def join(*parts: str) -> str:
        return ":".join(part for part in parts if part)

    return (
        join(pair.source, pair.dataset, pair.coin_id),
        join(pair.other_source, pair.other_dataset, pair.other_coin_id),
    )


def _first(pair: Waiting | Kept) -> str:
    return escape(f"{_written(pair)[0]} ({(pair.symbol or '').upper()}, {pair.name or ''})")


def _second(pair: Waiting | Kept) -> str:
    return escape(f"{_written(pair)[1]} ({(pair.other_symbol or '').upper()}, {pair.other_name or ''})")


def _with_database(act: Callable[[str], None]) -> None:
    with ready_database(begin()) as database:
        act(database.url)
