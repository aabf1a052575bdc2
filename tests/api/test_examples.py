"""docs/api.md says what is so: each command in it is run, and answers as shown."""

import hashlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from kasparro.postgres.sharing import Server
from tests.api.serving import served
from tests.api.shown import differences, read_real, read_shown, same_text
from tests.api.small import KEY, PROJECT, small_ledger

PAGE = (PROJECT / "docs" / "api.md").read_text()


@pytest.fixture(scope="module")
def limited(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the default limit, for a ledger of its own: the page asks for a run."""
    folder: Path = tmp_path_factory.mktemp("examples")
    with (
        small_ledger(server, template, folder / "files") as url,
        served(folder, url, workers=1, API_ADMIN_KEY=KEY, ETL_SOURCES="csv", API_RATE_LIMIT="100/minute") as address,
    ):
        yield address


def examples() -> list[tuple[str, str, str]]:
    """The commands of the page, each with its section and the answer shown."""
    found = []
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE):
        for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, answer = re.sub(r" \\\n\s*", " ", part).partition("\n")
                found.append((section.partition("\n")[0], command, answer.strip()))
    return found


def test_each_command_answers_as_shown(limited: str, several: str) -> None:
    found = examples()
    assert len(found) > 20
    given: dict[str, str] = {}
    for section, command, shown in found:
        real = curl(several if section == "Assets" else limited, command, given)
        if shown.startswith("HTTP/"):
            assert_head(shown.partition("\n\n")[0], real.partition("\n\n")[0], given, command)
            assert_body(shown.partition("\n\n")[2], real.partition("\n\n")[2], command)
        else:
            assert_body(shown, real, command)


def curl(address: str, command: str, given: dict[str, str]) -> str:
    """What a command prints. What an earlier answer showed stands for what it really gave."""
    command, _, pipe = command.partition(" | ")
    words = shlex.split(command.replace("$KEY", KEY))
    assert words.pop(0) == "curl", command
    method, headers, with_head, body, target = "GET", {}, False, None, ""
    while words:
        match words.pop(0):
            case "-s":
                pass
            case "-si":
                with_head = True
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = given.get(value, value)
            case "--json":
                method, body = "POST", words.pop(0)
                headers["content-type"] = "application/json"
            case url if url.startswith("localhost:8000/"):
                target = url.removeprefix("localhost:8000")
            case other:
                raise AssertionError(f"{other} in {command}")
    answer = httpx2.request(method, address + target, headers=headers, content=body, trust_env=False, timeout=30)
    if pipe:
        assert pipe == "sha256sum", command
        return f"{hashlib.sha256(answer.content).hexdigest()}  -"
    head = "\n".join([f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}",
                      *(f"{name}: {value}" for name, value in answer.headers.items())])  # fmt: skip
    return f"{head}\n\n{answer.text}" if with_head else answer.text


def assert_head(shown: str, real: str, given: dict[str, str], command: str) -> None:
    lines = real.splitlines()
    for line in shown.splitlines():
        matching = [one for one in lines if same_text(line, one)]
        assert matching, f"{command}: no header is like {line}\n{real}"
        given[line.partition(": ")[2]] = matching[0].partition(": ")[2]


def assert_body(shown: str, real: str, command: str) -> None:
    if shown[:1] in ("{", "[") and "\n{" not in real.strip():
        assert differences(read_shown(shown), read_real(real)) == [], f"{command}\n{real}"
    else:
        assert same_text(shown, real.replace("\r\n", "\n").strip()), f"{command}\n{real}"
