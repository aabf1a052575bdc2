"""Overview: is everything fresh and healthy, and what needs attention?"""

from typing import Any

from kasparro.dashboard.coverage import total
from kasparro.dashboard.live import with_expected
from kasparro.dashboard.quota import quotas
from kasparro.dashboard.visit import Content, Visit

_SOME = 3


async def overview(visit: Visit) -> Content:
    """The ledger at a glance."""
    health = await visit.api.get("/health/detailed")
    stats = await visit.api.get("/stats")
    status = await with_expected(visit.api)
    apart = await visit.api.get("/disagreements", measure="price_usd", limit=_SOME)
    anomalies = await visit.api.get("/anomalies", limit=_SOME)
    rejections = await visit.api.get("/rejections", limit=_SOME)
    drift = await visit.api.get("/drift", limit=_SOME)
    runs = await visit.api.get("/runs", limit=6)
    assets = await visit.api.get("/assets", limit=1)
    coverage = await visit.api.get("/coverage", days=1)
    values: dict[str, Any] = {
        "health": health, "stats": stats, "status": status, "apart": apart, "anomalies": anomalies,
        "rejections": rejections, "drift": drift, "runs": runs["data"], "assets": assets,
        "sources": _sources(visit, health, stats), "today": total(coverage), "quotas": quotas(visit.house.settings),
        "listings": sum(one["listings"] for one in stats["sources"]),
    }  # fmt: skip
    return Content("overview.html", values)


def _sources(visit: Visit, health: dict[str, Any], stats: dict[str, Any]) -> list[dict[str, Any]]:
    """What the two answers say of each source, beside each other."""
    numbers = {one["source"]: one for one in stats["sources"]}
    return [numbers[one["source"]] | one for one in health["sources"]]
