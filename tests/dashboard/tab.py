"""A tab of the browser that minds what it sees: errors in the console, requests to others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@contextmanager
def tab(browser: Browser, address: str, *, clean: bool = True, **context: Any) -> Iterator[Page]:
    """A new tab at `address`, of a browser that knows nothing yet. What it complains of fails the test, unless it
    needn't be `clean`; a request to another host always does."""
    opened = browser.new_context(base_url=address, **({"viewport": DESKTOP, "reduced_motion": "reduce"} | context))
    page = opened.new_page()
    page.set_default_timeout(15_000)
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    try:
        yield page
    finally:
        opened.close()
    assert hosts - {""} == {urlsplit(address).netloc}
    assert not clean or errors == []
