"""The pages in a real browser: usable by everybody, on every screen, and quiet."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from kasparro.postgres.sharing import Server
from tests.api.serving import served
from tests.dashboard.shown import COINS, KEY, Shown
from tests.dashboard.tab import DESKTOP, PHONE, tab
from tests.ingest.commands import fresh_ledger

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
PATHS = (
    "/dashboard", "/dashboard/market", "/dashboard/market?view=sources", "/dashboard/market?q=nothing-is-called-so",
    "/dashboard/assets/bitcoin", "/dashboard/quotes/1048576", "/dashboard/runs", "/dashboard/runs/1",
    "/dashboard/runs/compare?base=1&other=2", "/dashboard/quality", "/dashboard/quality/rejections",
    "/dashboard/quality/drift", "/dashboard/quality/anomalies", "/dashboard/quality/disagreements",
    "/dashboard/start",
)  # fmt: skip
CHART = "/dashboard/assets/bitcoin"


@pytest.fixture
def page(browser: Browser, pages: Shown) -> Iterator[Page]:
    """A tab of a desktop's size."""
    with tab(browser, pages.address) as opened:
        yield opened


def _violations(page: Page) -> list[Any]:
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        (one["id"], node["target"], node["failureSummary"])
        for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_every_page_is_for_everybody(browser: Browser, pages: Shown, size: dict[str, int], scheme: str) -> None:
    wrong = {}
    with tab(browser, pages.address, viewport=size, color_scheme=scheme) as page:
        for path in PATHS:
            page.goto(path)
            if path == CHART:
                page.wait_for_selector("[data-ready]")
            wrong[path] = _violations(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
            assert page.locator("main h1").count() == 1, path
    assert {path: found for path, found in wrong.items() if found} == {}


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/market", CHART, "/dashboard/quality"])
def test_a_first_visit_transfers_little(browser: Browser, pages: Shown, path: str) -> None:
    with tab(browser, pages.address) as page:
        page.goto(path, wait_until="load")
        if path == CHART:
            page.wait_for_selector("[data-ready]")
        taken = page.evaluate(_TAKEN)
        assert len(taken) > 3 and 5_000 < sum(taken) < 150_000


_TAKEN = """() => ["navigation", "resource"]
  .flatMap(kind => performance.getEntriesByType(kind)).map(one => one.transferSize)"""
"""What each answer took on its way, its headers included."""


def test_search_as_you_type(page: Page) -> None:
    page.goto("/dashboard/market")
    page.locator("#q").press_sequentially("ethereum")
    expect(page.locator("tbody tr").first).to_contain_text("Ethereum")
    expect(page.locator(".total")).to_contain_text("found")
    assert "q=ethereum" in page.url
    for row in page.locator("tbody th").all_inner_texts():
        assert "ethereum" in row.lower()
    page.locator("#q").fill("nothing-is-called-so")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_sorting_paging_and_the_way_back(page: Page) -> None:
    page.goto("/dashboard/market")
    page.get_by_role("link", name="Price", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text(re.compile("Price"))
    prices = [
        float(one or 0) for one in page.locator("td:nth-child(3) data").evaluate_all("all => all.map(a => a.value)")
    ]
    assert prices == sorted(prices, reverse=True) and len(prices) == 25
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator(".pager")).to_contain_text("Page 2")
    page.go_back()
    expect(page.locator(".pager")).to_contain_text("Page 1")


def test_sources_stand_side_by_side(page: Page) -> None:
    page.goto("/dashboard/market?q=bitcoin")
    page.get_by_role("link", name="Sources side by side").click()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Bitcoin")
    assert row.locator("td").count() == 7


def test_the_chart_tells_what_is_under_the_pointer_and_leads_to_receipts(page: Page) -> None:
    page.goto(CHART)
    page.wait_for_selector("[data-ready]")
    expect(page.locator("#legend label")).to_have_count(4)
    expect(page.locator("#note")).to_contain_text("gap")
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 80)
    before = page.locator("#read").inner_text()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    expect(page.locator("#read")).not_to_have_text(before)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 80)
    page.locator("#point a").first.click()
    expect(page.get_by_role("heading", name=re.compile("Receipt of quote"))).to_be_visible()


def test_the_chart_has_ranges_forms_and_sources(page: Page) -> None:
    page.goto(CHART)
    page.wait_for_selector("[data-ready]")
    page.get_by_role("button", name="30d").click()
    expect(page.get_by_role("button", name="30d")).to_have_attribute("aria-pressed", "true")
    note = page.locator("#note").inner_text()
    page.get_by_role("button", name="Candles").click()
    expect(page.get_by_role("button", name="Candles")).to_have_attribute("aria-pressed", "true")
    page.locator("#legend input").first.uncheck()
    expect(page.locator("#note")).not_to_have_text(note)
    for box in page.locator("#legend input").all():
        box.uncheck()
    expect(page.locator("#note")).to_contain_text("Nothing was quoted")


def test_the_theme_is_kept_and_nothing_else_is(page: Page) -> None:
    page.goto("/dashboard")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    for _ in range(2):
        page.locator("#theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.goto("/dashboard/runs")
    assert page.evaluate(ground) == dark
    assert page.evaluate("Object.keys(localStorage)") == ["kasparro-theme"]


def test_all_is_readable_without_javascript(browser: Browser, pages: Shown) -> None:
    with tab(browser, pages.address, java_script_enabled=False) as page:
        page.goto("/dashboard/market")
        page.locator("#q").fill("bitcoin")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody tr").first).to_contain_text("Bitcoin")
        page.locator("tbody th a").first.click()
        expect(page.get_by_text("The chart needs JavaScript")).to_be_visible()
        assert page.get_by_role("region", name="Newest points").locator("tbody tr").count() > 0
        for path in PATHS:
            page.goto(path)
            assert page.locator("main h1").count() == 1, path


def test_no_network_is_said_and_what_was_known_stays(browser: Browser, pages: Shown) -> None:
    with tab(browser, pages.address, clean=False) as page:
        page.goto("/dashboard/market")
        page.context.set_offline(True)
        page.locator("#q").fill("bit")
        expect(page.locator("#offline")).to_be_visible()
        assert page.locator("tbody tr").count() == 25
        page.context.set_offline(False)
        page.locator("#q").fill("bitc")
        expect(page.locator("#offline")).to_be_hidden()
        expect(page.locator("tbody tr").first).to_contain_text("Bitcoin")


def test_too_many_requests_are_said_and_the_table_stays(browser: Browser, pages: Shown, tmp_path: Path) -> None:
    with (
        served(tmp_path, pages.url, workers=1, API_RATE_LIMIT="3/minute") as address,
        tab(browser, address, clean=False) as page,
    ):
        page.goto("/dashboard/market")
        for text in ("bitco", "ethe", "soli", "trono"):
            with page.expect_response(re.compile(text)):
                page.locator("#q").fill(text)
        expect(page.locator("#offline")).to_contain_text("Too many requests")
        assert page.locator("#results").count() == 1 and "q=ethe" in page.url


def test_a_run_is_started_with_the_key_and_watched(browser: Browser, pages: Shown) -> None:
    fault = "coingecko:/coins/markets slow=2 times=1"
    httpx2.post(f"{pages.sandbox}/_sandbox/faults", content=fault).raise_for_status()
    with tab(browser, pages.address, clean=False) as page, pages.commands.start("worker") as worker:
        try:
            page.goto("/dashboard/start")
            page.get_by_label("Key").fill("not-the-key")
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.locator("#answer")).to_contain_text("unknown, expired or revoked")
            page.get_by_label("csv").uncheck()
            page.get_by_label("Key").fill(KEY)
            page.get_by_role("button", name="Start", exact=True).click()
            page.wait_for_url("**/dashboard/runs/3")
            expect(page.locator("#live")).to_contain_text("is at work")
            expect(page.locator("#live progress")).to_have_count(2)
            # The page shows itself anew when the run has ended.
            expect(page.locator("h1 .badge")).to_have_text("success", timeout=30_000)
            kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")
            assert KEY not in kept and page.context.cookies() == []
        finally:
            worker.terminate()
            worker.communicate(timeout=30)
    seen = httpx2.get(f"{pages.address}/runs/3").json()["steps"]
    assert {step["source"]: step["seen"] for step in seen}["coingecko"] >= COINS


def test_where_reading_needs_a_key_it_opens_the_pages(
    browser: Browser, server: Server, template: str, tmp_path: Path
) -> None:
    with (
        fresh_ledger(server, template) as url,
        served(tmp_path, url, workers=1, API_ADMIN_KEY=KEY, API_REQUIRE_KEY="true") as address,
        tab(browser, address, clean=False) as page,
    ):
        page.goto("/dashboard/market")
        assert _violations(page) == []
        page.get_by_label("Key").fill("not-the-key")
        page.get_by_role("button", name="Open").click()
        expect(page.locator("#answer")).to_contain_text("unknown, expired or revoked")
        page.get_by_label("Key").fill(KEY)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="No quotes yet")).to_be_visible()
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")
        assert KEY not in kept and "kasparro_pass" not in kept, "no script sees it"
