"""Overview: is everything fresh and healthy, and what needs attention?"""

from datetime import timedelta
from typing import Any

from kasparro.dashboard.quota import quotas
from kasparro.dashboard.visit import Content, Visit
from kasparro.store.coverage import Day, read_coverage

_DAYS = 14
_SOME = 3


async def overview(visit: Visit) -> Content:
    """The ledger at a glance."""
    health = await visit.api.get("/health/detailed")
    stats = await visit.api.get("/stats")
    status = await visit.api.get("/etl/status")
    apart = await visit.api.get("/disagreements", measure="price_usd", limit=_SOME)
    anomalies = await visit.api.get("/anomalies", limit=_SOME)
    rejections = await visit.api.get("/rejections", limit=_SOME)
    drift = await visit.api.get("/drift", limit=_SOME)
    runs = await visit.api.get("/runs", limit=6)
    assets = await visit.api.get("/assets", limit=1)
    today = visit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with visit.reader.connection() as connection:
        days = await read_coverage(connection, today - timedelta(days=_DAYS - 1))
    values: dict[str, Any] = {
        "health": health, "stats": stats, "status": status, "apart": apart, "anomalies": anomalies,
        "rejections": rejections, "drift": drift, "runs": runs["data"], "assets": assets,
        "sources": _sources(visit, health, stats), "today": _total(days, today), "quotas": quotas(visit.house.settings),
        "listings": sum(one["listings"] for one in stats["sources"]),
    }  # fmt: skip
    return Content("overview.html", values)


def _sources(visit: Visit, health: dict[str, Any], stats: dict[str, Any]) -> list[dict[str, Any]]:
    """What the two answers say of each source, beside each other."""
    numbers = {one["source"]: one for one in stats["sources"]}
    return [numbers[one["source"]] | one for one in health["sources"]]


def _total(days: list[Day], today: Any) -> dict[str, int]:
    these = [one for one in days if one.day == today.date()]
    return {name: sum(getattr(one, name) for one in these) for name in ("seen", "new", "unchanged", "rejected")}
