"""Runs: what ran, one run in detail, two compared."""

from itertools import groupby
from typing import Any

from kasparro.dashboard.asking import Members, address
from kasparro.dashboard.live import with_expected
from kasparro.dashboard.visit import Content, Visit

_ROWS = 25
_SOME = 5
"""Of the anomalies that two runs were the first to find; the differences of the two are all shown."""


async def runs(visit: Visit) -> Content:
    """The history of runs, with what runs now."""
    asked: dict[str, Any] = dict.fromkeys(("status", "source", "cursor")) | visit.given("status", "source", "cursor")
    page = await visit.api.get("/runs", **asked, limit=_ROWS)
    status = await with_expected(visit.api)
    longest = max((run["duration_seconds"] or 0 for run in page["data"]), default=0)
    return Content(
        "runs.html",
        {
            "page": page, "asked": asked, "status": status, "longest": longest, "sources": visit.sources,
            "api": address("/runs", **asked, limit=_ROWS),
        },
    )  # fmt: skip


async def run(visit: Visit) -> Content:
    """One run in detail."""
    path = f"/runs/{visit.named('run_id')}"
    found = await visit.api.get(path)
    anomalies = await visit.api.get("/anomalies", run_id=found["run_id"], limit=10)
    before = await visit.api.get("/runs", cursor=found["run_id"], limit=1)
    status = await with_expected(visit.api, found["run_id"])
    return Content(
        "run.html",
        {
            "run": found, "anomalies": anomalies, "before": before["data"][0]["run_id"] if before["data"] else None,
            "status": status, "api": address(path), "total": _total(found),
        },
    )  # fmt: skip


async def compare(visit: Visit) -> Content:
    """Two runs side by side."""
    asked = visit.given("base", "other")
    if len(asked) < 2:
        page = await visit.api.get("/runs", limit=_ROWS)
        return Content("compare.html", {"found": None, "asked": asked, "runs": page["data"], "api": None})
    found = await visit.api.get("/runs/compare", **asked)
    differing = sum(one["run_id"] is None for one in found["anomalies"])
    by_source = {name: list(rows) for name, rows in groupby(found["differences"], key=lambda one: one["source"])}
    return Content(
        "compare.html",
        {
            "found": found, "odd": found["anomalies"][: differing + _SOME], "by_source": by_source, "asked": asked,
            "runs": [], "api": address("/runs/compare", **asked),
        },
    )  # fmt: skip


def _total(run: Members) -> dict[str, int]:
    return {
        name: sum(step[name] for step in run["steps"])
        for name in ("seen", "new", "unchanged", "rejected", "requests", "retries")
    }
