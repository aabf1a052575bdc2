"""Pages when nothing is there, when something is wrong, and what they never do."""

import re
from collections.abc import AsyncIterator

import httpx2
import psycopg
import pytest

import kasparro.api.health
from kasparro.config import RateLimit
from kasparro.dashboard.files import addresses, file_address
from kasparro.postgres.sharing import Server
from kasparro.store.connection import Connection
from kasparro.store.runs import open_run
from tests.api.serving import app_of, running
from tests.api.several import Market, fill
from tests.api.test_outages import LEAKS, _away
from tests.ingest.looking import Desk

PATHS = (
    "/dashboard", "/dashboard/market", "/dashboard/market?view=sources", "/dashboard/runs", "/dashboard/runs/compare",
    "/dashboard/quality", "/dashboard/quality/rejections", "/dashboard/quality/drift", "/dashboard/quality/anomalies",
    "/dashboard/quality/disagreements", "/dashboard/start",
)  # fmt: skip


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the pages over the test's ledger."""
    async with running(app_of(url)) as client:
        yield client


@pytest.fixture
def market(connection: Connection, url: str) -> Market:
    """Posts quotes and coin lists into the test's ledger."""
    return Market(Desk(connection), url)


@pytest.mark.parametrize("path", PATHS)
async def test_an_empty_ledger_has_all_pages_and_they_say_so(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    words = ("ledger is empty", "No quotes yet", "Nothing has run yet", "not two runs yet", "Nothing came in",
             "Nothing here", "Start a run</h1>")  # fmt: skip
    assert any(word in answer.text for word in words)
    assert "Simulated" not in answer.text


async def test_a_visit_above_the_limit_is_answered_with_a_page(url: str) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with running(app_of(url, api_rate_limit=RateLimit(requests=1, seconds=60))) as api:
        shown = await api.get("/dashboard/start", headers=browser)
        assert shown.status_code == 200
        answer = await api.get("/dashboard/market", headers=browser)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == shown.headers["content-security-policy"]
        assert answer.headers["ratelimit-policy"] and 1 <= int(answer.headers["retry-after"]) <= 60
        assert "That was too fast" in answer.text and '<a class="button" href="">Try again</a>' in answer.text
        series = await api.get("/dashboard/assets/bitcoin/series", headers={"accept": "application/json"})
        assert series.headers["content-type"] == "application/problem+json"


async def test_a_visit_that_is_shed_isn_t_told_that_the_database_is_away(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(url)
    monkeypatch.setattr(app, "_max_waiting", 0)
    async with running(app) as api:
        answer = await api.get("/dashboard", headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "Too many ask at once" in answer.text
        assert "waiting.js" not in answer.text and "doctor" not in answer.text
        assert (await api.get("/dashboard")).headers["content-type"] == "application/problem+json"


async def test_the_first_minute_shows_the_run_at_work(api: httpx2.AsyncClient, connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO etl_runs (kind, status, sources, asked_by) VALUES ('ingest', 'queued', '{csv}', 'schedule')"
    )
    assert "A run waits for a worker" in (await api.get("/dashboard")).text
    waiting = (await api.get("/dashboard/runs/1")).text
    assert "It hasn’t begun" in waiting and "waits for a worker" in waiting
    await connection.execute("DELETE FROM etl_runs")
    await open_run(connection, kind="ingest", sources=["csv"], host="h", pid=1)
    assert "ledger is empty" in (await api.get("/dashboard")).text, "nobody works on it"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/dashboard/assets/bitcon", 404, "Near are bitcoin"),
        ("/dashboard/assets/nothing/series", 404, "No asset is called"),
        ("/dashboard/assets/bitcoin/series?range=9y", 404, "There is no such page"),
        ("/dashboard/quotes/1", 404, "There is no quote 1"),
        ("/dashboard/quotes/x", 422, "quote_id"),
        ("/dashboard/runs/99", 404, "99"),
        ("/dashboard/runs/0", 422, "run_id"),
        ("/dashboard/runs/compare?base=1&other=x", 422, "other"),
        ("/dashboard/market?min_price=cheap", 422, "A number such as 0.05 is accepted"),
        ("/dashboard/market?source=nowhere", 422, "Any of coinpaprika"),
        ("/dashboard/market?page=0", 422, "page"),
        ("/dashboard/quality/anomalies?kind=odd", 422, "kind"),
        ("/dashboard/quality/rejections?cursor=x", 422, "cursor"),
        ("/dashboard/nothing", 404, "There is no such page"),
        ("/dashboard/files/0/page.js", 404, "There is no such page"),
    ],
)
async def test_what_is_wrong_has_a_page_that_helps(
    api: httpx2.AsyncClient, market: Market, path: str, status: int, words: str
) -> None:
    await fill(market)
    answer = await api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in answer.text and 'href="/dashboard"' in answer.text


async def test_what_is_left_of_a_plan_s_month_is_told(api: httpx2.AsyncClient, connection: Connection) -> None:
    for source, used, allowed in (("coingecko", 9_500, 10_000), ("coinpaprika", 3, None)):
        await connection.execute(
            "INSERT INTO quota VALUES (%s, date_trunc('month', now() AT TIME ZONE 'UTC'), %s, %s)",
            (source, used, allowed),
        )
    text = re.sub(r"<[^>]+>", "", (await api.get("/dashboard")).text)
    assert "9,500 used, 500 left" in text and "3 used, no limit known" in text


async def test_the_next_run_is_told_for_the_sources_that_take_part(url: str) -> None:
    async with running(app_of(url, etl_sources="csv", etl_schedule="0 0 1 1 *")) as client:
        rows = re.findall(r'<tr>\s*<th scope="row">.*?</tr>', (await client.get("/dashboard")).text, re.DOTALL)
    told = {re.sub(r"<[^>]+>", "", row).split()[0]: "on request" not in row for row in rows}
    assert told == {"coinpaprika": False, "coingecko": False, "csv": True}


async def test_figures_that_do_not_come_are_not_called_fresh(
    api: httpx2.AsyncClient, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(market)
    monkeypatch.setattr(kasparro.api.health, "PATIENCE_S", 0.0)
    page = (await api.get("/dashboard")).text
    assert "figures didn’t come in time" in page and "Everything is fresh" not in page and "not known now" in page


async def test_a_slash_too_many_is_forgiven_at_the_entrance(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/dashboard/")
    assert (answer.status_code, answer.headers["location"]) == (308, "/dashboard")
    assert (await api.get("/dashboard/market/")).status_code == 404


async def test_foreign_words_are_nobody_s_business(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/dashboard/market?utm_source=x&q=")).status_code == 200
    assert (await api.get("/dashboard/market?page=7")).text.count("There is no such page") == 1


@pytest.mark.parametrize("path", [*PATHS, "/dashboard/assets/bitcoin/series"])
async def test_the_database_gone_is_said_and_forgotten(
    api: httpx2.AsyncClient, server: Server, url: str, path: str
) -> None:
    with _away(server, url):
        answer = await api.get(path)
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert "The ledger doesn’t answer" in answer.text and "kasparro doctor" in answer.text
        assert not any(leak in answer.text for leak in LEAKS)
        assert (await api.get(file_address("dashboard.css"))).status_code == 200
    if "assets" not in path:
        assert (await api.get(path)).status_code == 200


async def test_what_comes_from_outside_is_text(api: httpx2.AsyncClient, market: Market) -> None:
    script = "<script>alert(1)</script>"
    await fill(market)
    with psycopg.connect(market.url, autocommit=True) as admin:
        admin.execute("UPDATE latest_quotes SET name = %s WHERE source_coin_id = 'link-2'", (script,))
    for path in (
        f"/dashboard/market?q={script}",
        "/dashboard/assets/link-2",
        f"/dashboard/assets/{script}",
        "/dashboard/market",
    ):
        answer = await api.get(path)
        assert script not in answer.text, path
    assert "&lt;script&gt;" in (await api.get("/dashboard/market")).text


@pytest.mark.parametrize("path", [*PATHS, "/dashboard/nothing"])
async def test_nothing_runs_that_is_not_ours(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith(("/", "#")), address


async def test_a_browser_at_the_root_lands_on_the_overview(api: httpx2.AsyncClient) -> None:
    browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    answer = await api.get("/", headers={"accept": browsers})
    assert (answer.status_code, answer.headers["location"], answer.headers["vary"]) == (303, "/dashboard", "accept")
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.9", ""):
        assert (await api.get("/", headers={"accept": accept})).json()["docs"] == "/docs"


async def test_files_are_kept_for_ever_and_packed(api: httpx2.AsyncClient) -> None:
    for address in addresses():
        answer = await api.get(address, headers={"accept-encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        plain = await api.get(address)
        assert plain.content == answer.content and "content-encoding" not in plain.headers
        assert "vary" in plain.headers


async def test_pages_are_only_read(api: httpx2.AsyncClient) -> None:
    for path in ("/dashboard", "/dashboard/start", "/dashboard/runs"):
        answer = await api.post(path, content=b"")
        assert answer.status_code == 405 and answer.headers["content-type"].startswith("text/html")
        assert (await api.head(path)).text == ""


async def test_another_page_of_the_browser_starts_nothing(api: httpx2.AsyncClient) -> None:
    """What a browser adds by itself opens nothing: there is no cookie, and a key is never sent without being typed."""
    forged = {"origin": "https://elsewhere.example", "cookie": "session=1", "content-type": "text/plain"}
    assert (await api.post("/etl/run", content=b"{}", headers=forged)).status_code == 401
    preflight = await api.options("/etl/run", headers={"origin": "https://elsewhere.example",
                                                       "access-control-request-method": "POST",
                                                       "access-control-request-headers": "authorization"})  # fmt: skip
    assert "access-control-allow-origin" not in preflight.headers
    for path in PATHS:
        assert "set-cookie" not in (await api.get(path)).headers


async def test_pages_count_as_requests_and_their_files_do_not(url: str) -> None:
    async with running(app_of(url, api_rate_limit="5/minute")) as client:
        for _ in range(7):
            assert (await client.get(file_address("page.js"))).status_code == 200
        answers = [(await client.get("/dashboard")).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429], "what a page asks of the API counts no more"
