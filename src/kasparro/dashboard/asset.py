"""Asset: one coin at all its sources, over time, with the evidence that it is one."""

from typing import Any

from kasparro.dashboard.asking import Members, Refused, address
from kasparro.dashboard.series import RANGES
from kasparro.dashboard.visit import Content, Visit

_POINTS = 12
_SOME = 5


async def asset(visit: Visit) -> Content:
    """One asset."""
    found = await visit.api.get(f"/assets/{visit.named('asset')}")
    name = found["asset"]
    price = await visit.api.get(f"/assets/{name}/price")
    links = await visit.api.get(f"/assets/{name}/links", limit=20)
    anomalies = await visit.api.get("/anomalies", asset=name, limit=_SOME)
    quoted = [one for one in found["data"] if one["quote"]]
    first = quoted[0] if quoted else None
    values: dict[str, Any] = {
        "asset": found, "price": price, "links": links["data"], "anomalies": anomalies["data"], "first": first,
        "points": await _points(visit, first) if first else [], "ranges": list(RANGES),
        "api": address(f"/assets/{name}"),
        "history": _history(first) if first else None,
    }  # fmt: skip
    return Content("asset.html", values)


async def _points(visit: Visit, listing: Members) -> list[Members]:
    """The listing's newest quotes; none where its id can't stand in an address."""
    try:
        found = await visit.api.get(f"/data/{listing['crypto_id']}/history", **_asked(listing))
    except Refused as refused:
        if refused.status != 404:
            raise
        return []
    points: list[Members] = found["data"]
    return points


def _history(listing: Members) -> str:
    return address(f"/data/{listing['crypto_id']}/history", **_asked(listing))


def _asked(listing: Members) -> dict[str, Any]:
    return {"source": listing["source"], "dataset": listing["dataset"], "limit": _POINTS}
