"""Overview: is everything fresh and healthy, and what needs attention?"""

import asyncio
from typing import Any

from kasparro.dashboard.coverage import total
from kasparro.dashboard.live import with_expected
from kasparro.dashboard.visit import Content, Visit

_SOME = 3
_RUNS = 6


async def overview(visit: Visit) -> Content:
    """The ledger at a glance."""
    status = with_expected(visit.api)
    found = visit.api.get_all(
        ("/health/detailed", {}), ("/stats", {}), ("/disagreements", {"measure": "price_usd", "limit": _SOME}),
        ("/anomalies", {"limit": _SOME}), ("/rejections", {"limit": _SOME}), ("/drift", {"limit": _SOME}),
        ("/runs", {"limit": _RUNS}), ("/assets", {"sort_by": "asset", "limit": 1}), ("/coverage", {"days": 1}),
    )  # fmt: skip
    working, (health, stats, apart, anomalies, rejections, drift, runs, assets, coverage) = await asyncio.gather(
        status, found
    )
    values: dict[str, Any] = {
        "health": health, "stats": stats, "status": working, "apart": apart, "anomalies": anomalies,
        "rejections": rejections, "drift": drift, "runs": runs["data"], "assets": assets,
        "sources": _sources(visit, health, stats), "today": total(coverage),
        "scheduled": visit.house.settings.etl_sources or visit.sources,
        "listings": sum(one["listings"] for one in stats["sources"]),
    }  # fmt: skip
    return Content("overview.html", values)


def _sources(visit: Visit, health: dict[str, Any], stats: dict[str, Any]) -> list[dict[str, Any]]:
    """What the two answers say of each source, beside each other."""
    numbers = {one["source"]: one for one in stats["sources"]}
    return [numbers[one["source"]] | one for one in health["sources"]]
