"""Exports: the whole selection as CSV or NDJSON, exact, and harmless in a spreadsheet."""

import csv
import io
from typing import Any

import httpx2
import pytest

from tests.api.serving import exactly
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

NAMES = ("=1+1", "@x", "-x", "+x", "\tx", "\rx", 'quo"te, comma', "new\nline", "plain", "'=1", "東京", "=HYPERLINK(1)")
COINS = 600


@pytest.fixture
async def filled(desk: Desk, gecko: Scripted) -> None:
    """Coins with names of all kinds, one without a price."""
    records = [record(f"c{n:03}", f"-{n}.10", name=NAMES[n % len(NAMES)], symbol=f"={n % 7}") for n in range(COINS)]
    await desk.post(gecko, body(*records, record("none", None, name="n", symbol="n")))


def _table(answer: httpx2.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.usefixtures("filled")
async def test_csv_has_all_rows_and_harmless_cells(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/data.csv")
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="quotes.csv"'
    rows = _table(answer)
    assert len(rows) == COINS + 1 and list(rows[0]) == list((await api.get("/data")).json()["data"][0])
    for row in rows:
        if row["crypto_id"] == "none":
            assert row["price_usd"] == "" and row["stale"] == "true"
            continue
        n = int(row["crypto_id"][1:])
        name = NAMES[n % len(NAMES)]
        assert row["crypto_name"] == (f"'{name}" if name[0] in "=+-@\t\r" else name)
        assert row["symbol"] == f"'={n % 7}"
        assert row["price_usd"] == f"-{n}.10", "a negative number stays a number"


@pytest.mark.usefixtures("filled")
async def test_ndjson_has_the_rows_that_json_has(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/data.ndjson?sort_by=price_usd&order=asc")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.text.split("\n")
    assert lines.pop() == "" and len(lines) == COINS + 1
    page: dict[str, Any] = exactly((await api.get("/data?sort_by=price_usd&order=asc&limit=100")).text)
    assert [exactly(line) for line in lines[:100]] == page["data"]
    assert exactly(lines[-1])["crypto_id"] == "none"


@pytest.mark.usefixtures("filled")
async def test_filters_limits_and_pages_hold(api: httpx2.AsyncClient) -> None:
    assert len(_table(await api.get("/data.csv?q=c00"))) == 10
    assert len(_table(await api.get("/data?format=csv&limit=5"))) == 5
    assert len(_table(await api.get("/data?format=csv"))) == COINS + 1
    assert len(_table(await api.get("/data?format=csv&limit=5&page=121"))) == 1
    first = (await api.get("/data?limit=1")).json()
    rest = await api.get("/data", params={"format": "csv", "cursor": first["next_cursor"]})
    assert len(_table(rest)) == COINS
    nothing = await api.get("/data.csv?q=no-such")
    assert _table(nothing) == [] and nothing.text.startswith("id,crypto_id,")
    assert (await api.get("/data.ndjson?q=no-such")).text == ""
    assert (await api.get("/data.csv?as_of=2020-01-01")).text.count("\n") == 1
    assert (await api.get("/data.csv?source=nope")).status_code == 422


@pytest.mark.usefixtures("filled")
async def test_the_form_can_be_asked_for_by_accept(api: httpx2.AsyncClient) -> None:
    forms = {"text/csv": "text/csv", "application/x-ndjson": "application/x-ndjson", "*/*": "application/json",
             "application/json, text/csv": "application/json", "text/html": "application/json",
             "text/csv;q=0": "application/json", "text/csv; q=0.0, */*": "application/json",
             "application/json;q=0.5, text/csv": "text/csv", "text/csv;q=0.2, application/x-ndjson;q=0.4":
             "application/x-ndjson", "TEXT/CSV": "text/csv"}  # fmt: skip
    for accept, form in forms.items():
        answer = await api.get("/data", headers={"accept": accept})
        assert answer.headers["content-type"].startswith(form)
    answer = await api.get("/data?format=ndjson", headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "application/x-ndjson"
