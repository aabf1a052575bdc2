"""The image's build gets what it copies, and nothing else is sent to the engine."""

import re

from tests.deploy.tools import PROJECT


def test_what_the_dockerfile_copies_is_let_through_and_nothing_more() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE):
        copied |= set(line.split()[:-1])

    assert lines[1] == "*"
    assert let_through == {path for path in copied if not path.startswith("deploy/image/")}
    assert all((PROJECT / path).exists() for path in copied)
