"""What the pages' tests share: a ledger that has something for every page, and a browser where there is one."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from kasparro.postgres.sharing import Server
from tests.dashboard.shown import Shown, shown

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def pages(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The pages, served."""
    with shown(server, template, tmp_path_factory.mktemp("pages")) as found:
        yield found


# Its library keeps an event loop running, in which no asynchronous test can run: it lasts as long as the module that
# wants it, all of whose tests are synchronous.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window; skips where there is none, unless BROWSER_TESTS wants it there."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "no Chromium is here; Debian has it as the package chromium"
        pytest.fail(missing) if os.environ.get("BROWSER_TESTS") else pytest.skip(missing)
    with sync_playwright() as playwright:
        # As root, as in a container, it has no sandbox of its own.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()
