"""Every number on a page is the API's, to the last digit."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.dashboard.reading import numbers_of, scalars, values_of
from tests.dashboard.shown import Shown

_PRICES = "prices of the rows"
"""What the sources of each row's asset say together is asked one by one."""
PAGES: dict[str, list[str]] = {
    "/dashboard": [
        "/health/detailed", "/stats", "/etl/status", "/disagreements?measure=price_usd&limit=3", "/anomalies?limit=3",
        "/rejections?limit=3", "/drift?limit=3", "/runs?limit=6", "/assets?sort_by=asset&limit=1", "/coverage?days=1",
    ],
    "/dashboard/market": ["/data?sort_by=rank&order=asc&limit=25", _PRICES],
    "/dashboard/market?q=coin&sort_by=price_usd&order=desc&page=2": [
        "/data?q=coin&sort_by=price_usd&order=desc&limit=25&page=2", _PRICES,
    ],
    "/dashboard/market?view=sources": ["/assets?sort_by=rank&order=asc&limit=25", _PRICES],
    "/dashboard/assets/bitcoin": [
        "/assets/bitcoin", "/assets/bitcoin/price", "/assets/bitcoin/links?limit=20",
        "/anomalies?asset=bitcoin&limit=5", "/data/bitcoin/history?source=coingecko&limit=12",
    ],
    "/dashboard/quotes/1048576": ["/quotes/1048576/receipt"],
    "/dashboard/runs": ["/runs?limit=25"],
    "/dashboard/runs/1": ["/runs/1", "/anomalies?run_id=1&limit=10"],
    "/dashboard/runs/compare?base=1&other=2": ["/runs/compare?base=1&other=2"],
    "/dashboard/quality": [
        "/coverage?days=30", "/rejections?limit=4", "/drift?limit=4", "/anomalies?limit=4", "/disagreements?limit=4",
    ],
    "/dashboard/quality/rejections": ["/rejections?limit=20"],
    "/dashboard/quality/anomalies": ["/anomalies?limit=20"],
    "/dashboard/quality/drift": ["/drift?limit=20"],
    "/dashboard/quality/disagreements": ["/disagreements?limit=20"],
}  # fmt: skip


def _sums(rows: list[dict[str, Any]], *names: str) -> set[Decimal]:
    return {Decimal(sum(row[name] for row in rows)) for name in names}


def _of_overview(answers: list[Any]) -> set[Decimal]:
    last = answers[4]["meta"]["last_run"]
    left = {Decimal(one["quota_limit"] - one["quota_used"]) for one in answers[0]["sources"] if one["quota_limit"]}
    today = [one for one in answers[9]["data"] if one["day"] == answers[9]["today"]]
    return (
        left
        | {Decimal(sum(last.values()))}
        | _sums(today, "seen", "new", "unchanged", "rejected")
        | _sums(answers[1]["sources"], "listings")
    )


def _of_runs(answers: list[Any]) -> set[Decimal]:
    counts = [_sums(run["steps"], "seen", "new", "unchanged", "rejected") for run in answers[0]["data"]]
    return set().union(*counts)


def _nothing(answers: list[Any]) -> set[Decimal]:
    return set()


_DERIVED: dict[str, Callable[[list[Any]], set[Decimal]]] = {
    "/dashboard": _of_overview,
    "/dashboard/runs": _of_runs,
    "/dashboard/runs/compare?base=1&other=2": lambda answers: {
        Decimal(sum(one["run_id"] is not None for one in answers[0]["anomalies"]) - 5)
    },
    "/dashboard/runs/1": lambda answers: _sums(answers[0]["steps"], "seen", "new", "unchanged", "rejected", "requests"),
}
"""Sums of what the API says in parts."""


def _get(pages: Shown, target: str) -> Any:
    answer = httpx2.get(pages.address + target)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def _answers(pages: Shown, targets: list[str]) -> list[Any]:
    answers = [_get(pages, target) for target in targets if target != _PRICES]
    if _PRICES in targets:
        assets = {row["asset"] for row in answers[0]["data"] if row["asset"]}
        answers += [_get(pages, f"/assets/{asset}/price") for asset in assets]
    return answers


@pytest.mark.parametrize("path", PAGES)
def test_all_numbers_and_moments_are_those_of_the_api(pages: Shown, path: str) -> None:
    answers = _answers(pages, PAGES[path])
    shown = values_of(httpx2.get(pages.address + path).text)
    known = numbers_of(answers) | _DERIVED.get(path, _nothing)(answers)
    if "total" in answers[0]:
        known |= {Decimal(-(-answers[0]["total"] // answers[0].get("page_size", 1)))}
    assert {number for number in shown.numbers if Decimal(number) not in known} == set()
    moments = {value for value in scalars(answers) if isinstance(value, str)}
    *of_data, as_of = shown.moments
    assert [moment for moment in of_data if not any(_same(moment, told) for told in moments)] == []
    assert as_of.endswith("Z") and (shown.numbers or of_data)


def _same(shown: str, told: str) -> bool:
    """Whether the API's moment is the one shown, which has no zeros at the end of its fraction."""
    return shown == told or shown.replace("Z", "") == told.replace("Z", "").rstrip("0").rstrip(".")


def test_every_row_of_the_market_is_the_api_s_row(pages: Shown) -> None:
    asked = "?sort_by=market_cap_usd&order=desc"
    rows = _get(pages, f"/data{asked}&limit=25")["data"]
    shown = values_of(httpx2.get(f"{pages.address}/dashboard/market{asked}").text).rows[1:]
    assert len(rows) == len(shown) == 25
    names = ("rank", "price_usd", "change_24h_percent", "volume_24h_usd", "market_cap_usd")
    for row, numbers in zip(rows, shown, strict=True):
        told = [Decimal(row[name]) for name in names if row[name] is not None]
        assert list(map(Decimal, numbers[: len(told)])) == told, row["crypto_id"]


def test_side_by_side_are_the_stands_of_all_sources(pages: Shown) -> None:
    row = values_of(httpx2.get(f"{pages.address}/dashboard/market?view=sources&q=bitcoin").text).rows[1]
    told = _get(pages, "/assets/bitcoin/price")
    assert {Decimal(one["price_usd"]) for one in told["sources"]} <= set(map(Decimal, row))
    assert Decimal(told["price_usd"]) in set(map(Decimal, row))


def test_the_chart_s_points_are_those_of_the_history(pages: Shown) -> None:
    drawn = _get(pages, "/dashboard/assets/bitcoin/series?range=7d")
    for series in drawn["series"]:
        dataset = f"&dataset={series['dataset']}" if series["dataset"] else ""
        target = f"/data/{series['crypto_id']}/history?source={series['source']}{dataset}&limit=1000"
        history = {one["id"]: one for one in _get(pages, target)["data"]}
        assert series["bars"]
        for starts_at, opened, high, low, close, volume, quote_id, observed_at, quotes in series["bars"]:
            quote = history[quote_id]
            assert float(quote["price_usd"]) == pytest.approx(float(close), rel=1e-12)
            assert float(quote["volume_24h_usd"] or 0) == pytest.approx(float(volume or 0), rel=1e-12)
            assert starts_at <= observed_at < starts_at + drawn["step"]
            assert low <= min(opened, close) <= max(opened, close) <= high and quotes >= 1
