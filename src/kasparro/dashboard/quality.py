"""Quality: what was not accepted, how fields changed, what looked odd, where sources disagree, what came in when."""

from typing import Any

from kasparro.dashboard.asking import address
from kasparro.dashboard.coverage import heat
from kasparro.dashboard.visit import Content, Visit

_DAYS = 30
_ROWS = 20
_SOME = 4
_LISTS = ("/rejections", "/drift", "/anomalies", "/disagreements")


async def quality(visit: Visit) -> Content:
    """Coverage, and the newest of everything."""
    coverage, rejections, drift, anomalies, apart = await visit.api.get_all(
        ("/coverage", {"days": _DAYS}), *((path, {"limit": _SOME}) for path in _LISTS)
    )
    values: dict[str, Any] = {
        "coverage": coverage, "heat": heat(coverage, visit.sources), "rejections": rejections["data"],
        "drift": drift["data"], "anomalies": anomalies, "apart": apart, "api": address("/coverage", days=_DAYS),
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
