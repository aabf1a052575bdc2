"""Tests of image and compose files with a real Docker engine: `make containers-test`, not part of `make test`."""

import os
from collections.abc import Iterator

import pytest

from tests.containers.engine import Docker, no_engine
from tests.containers.stack import Stack

collect_ignore_glob = [] if os.environ.get("CONTAINER_TESTS") else ["test_*.py"]


@pytest.fixture(scope="session")
def docker() -> Docker:
    """The engine, with the image just built; without an engine all these tests are skipped."""
    if why := no_engine():
        pytest.skip(why)
    return Docker()


@pytest.fixture(scope="session")
def stack(docker: Docker) -> Iterator[Stack]:
    """An installation of its own, with the simulated providers, from nothing. The tests of a session share it."""
    stack = Stack(docker, profiles=("sandbox",))
    stack.compose("build", timeout=900)
    try:
        stack.up()
        yield stack
    finally:
        stack.remove()
