"""Quality: what was not accepted, how fields changed, what looked odd, where sources disagree, what came in when."""

from typing import Any

from kasparro.dashboard.asking import address
from kasparro.dashboard.coverage import heat
from kasparro.dashboard.visit import Content, Visit

_DAYS = 30
_ROWS = 20
_SOME = 4


async def quality(visit: Visit) -> Content:
    """Coverage, and the newest of everything."""
    coverage = await visit.api.get("/coverage", days=_DAYS)
    values: dict[str, Any] = {
        "coverage": coverage, "heat": heat(coverage, visit.sources),
        "rejections": (await visit.api.get("/rejections", limit=_SOME))["data"],
        "drift": (await visit.api.get("/drift", limit=_SOME))["data"],
        "anomalies": await visit.api.get("/anomalies", limit=_SOME),
        "apart": await visit.api.get("/disagreements", limit=_SOME),
        "api": address("/coverage", days=_DAYS),
    }  # fmt: skip
    return Content("quality.html", values)


async def rejections(visit: Visit) -> Content:
    """Records that were not accepted."""
    return await _listed(visit, "/rejections", "rejections.html", "source", "resolved")


async def drift(visit: Visit) -> Content:
    """Fields that changed."""
    return await _listed(visit, "/drift", "drift.html", "source")


async def anomalies(visit: Visit) -> Content:
    """What looked odd."""
    return await _listed(visit, "/anomalies", "anomalies.html", "source", "kind", "severity", "run_id", "open")


async def disagreements(visit: Visit) -> Content:
    """Where sources disagree."""
    return await _listed(visit, "/disagreements", "disagreements.html", "measure")


async def _listed(visit: Visit, path: str, template: str, *filters: str) -> Content:
    """A page of a list that has filters and a cursor."""
    asked: dict[str, Any] = dict.fromkeys((*filters, "cursor")) | visit.given(*filters, "cursor")
    page = await visit.api.get(path, **asked, limit=_ROWS)
    given = {name: value for name, value in asked.items() if name != "cursor"}
    return Content(
        template,
        {
            "page": page, "asked": asked, "given": given, "sources": visit.sources,
            "api": address(path, **asked, limit=_ROWS),
        },
    )  # fmt: skip
