"""The documentation says what is so: commands, settings, exit codes, tables, files."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from kasparro.cli.main import app
from kasparro.config import Settings
from kasparro.errors import ExitCode
from kasparro.sandbox.faults import parse_fault
from kasparro.store.connection import Connection

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app)


def commands_shown() -> list[str]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
            found += [line.split(" #")[0].strip() for line in block.splitlines()]
        found += re.findall(r"`(kasparro [^`]*)`", text)
    return sorted({line for line in found if line.startswith("kasparro ")})


def known_words() -> set[str]:
    words = set()
    for name, command in COMMANDS.commands.items():  # type: ignore[attr-defined]
        words |= {f"{name} {inner}" for inner in getattr(command, "commands", {})} or {name}
    return words


@pytest.mark.parametrize("line", commands_shown())
def test_each_command_that_is_shown_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    if words[0].startswith("-"):
        words = [word for word in words if word not in ("--debug", "…")]
        if words in ([], ["--help"]):
            return
    name = words[0]
    command = COMMANDS.commands[name]  # type: ignore[attr-defined]
    inner = getattr(command, "commands", None)
    if inner is not None and len(words) > 1:
        command = inner[words[1]]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in words if word.startswith("-")} <= options


def test_the_page_of_commands_has_them_all() -> None:
    page = (PROJECT / "docs" / "commands.md").read_text()
    assert {word for word in known_words() if f"| `kasparro {word}` |" not in page} == set()


def test_the_exit_codes_are_as_documented() -> None:
    page = (PROJECT / "docs" / "commands.md").read_text()
    documented = dict(re.findall(r"^\| (\d) \| ([A-Z]+) \|", page, re.MULTILINE))
    assert documented == {str(code.value): code.name for code in ExitCode}


def test_the_settings_are_as_documented() -> None:
    page = (PROJECT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| (`[A-Z_]+`(?: or `[A-Z_]+`)?) \|", page, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    known = set()
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        known |= {alias} if isinstance(alias, str) else {str(choice) for choice in alias.choices}  # type: ignore[union-attr]
    assert documented == known


@pytest.mark.parametrize("line", re.findall(r"--fault '([^'P][^']*)'", "".join(page.read_text() for page in PAGES)))
def test_each_fault_that_is_shown_is_understood(line: str) -> None:
    parse_fault(line)


async def test_the_tables_are_as_documented(connection: Connection) -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text()
    section = page.split("## The tables")[1].split("## Decisions")[0]
    documented = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    cursor = await connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'alembic_version'"
    )
    assert documented == {row[0] for row in await cursor.fetchall()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_named_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
    rooms = "|".join(path.name for path in (PROJECT / "src" / "kasparro").iterdir() if path.is_dir())
    for path in re.findall(rf"`((?:{rooms})/[\w/]+\.py)`", page.read_text()):
        assert (PROJECT / "src" / "kasparro" / path).exists(), path


def test_rooms_in_the_tree_are_those_documented() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text()
    tree = page.split("```")[1]
    documented = {line.split()[0].rstrip("/") for line in tree.splitlines() if line.strip()}
    there = {
        path.name
        for path in (PROJECT / "src" / "kasparro").iterdir()
        if path.name[0] not in "_." and path.name != "py.typed"
    }
    assert documented == there
