"""Market: the newest quotes, listing by listing or with the sources side by side."""

from collections.abc import Sequence
from typing import Any

from kasparro.dashboard.asking import Members, address
from kasparro.dashboard.sparkline import sparkline
from kasparro.dashboard.visit import Content, Visit
from kasparro.store.series import ListingName, read_trends

_ROWS = 25
_POINTS = 48
_FILTERS = ("source", "q", "min_price", "max_price")
_UNASKED: dict[str, Any] = dict.fromkeys(_FILTERS) | {"sort_by": "rank", "order": "asc", "page": None}
_ASSETS = ("rank", "market_cap_usd", "asset")


async def market(visit: Visit) -> Content:
    """The market as the query asks for it."""
    if visit.request.query_params.get("view") == "sources":
        return await _side_by_side(visit)
    asked = _UNASKED | visit.given(*_UNASKED)
    page = await visit.api.get("/data", **asked, limit=_ROWS)
    rows = page["data"]
    prices = await _consensus(visit, [row["asset"] for row in rows if row["asset"]])
    trends = await _trends(visit, rows)
    for row, trend in zip(rows, trends, strict=True):
        row["trend"] = sparkline(trend)
        row["stand"] = _stand(row, prices.get(row["asset"]))
    return Content(
        "market.html",
        {
            "view": "quotes", "page": page, "rows": rows, "asked": asked, "filters": _filters(asked),
            "sources": visit.sources,
            "api": address("/data", **asked, limit=_ROWS), "csv": address("/data.csv", **(asked | {"page": None})),
        },
    )  # fmt: skip


async def _side_by_side(visit: Visit) -> Content:
    asked = _UNASKED | visit.given("source", "q", "sort_by", "order", "page")
    if asked["sort_by"] not in _ASSETS:
        asked |= {"sort_by": "rank", "order": "asc"}
    page = await visit.api.get("/assets", **asked, limit=_ROWS)
    prices = await _consensus(visit, [row["asset"] for row in page["data"]])
    for row in page["data"]:
        row["price"] = prices[row["asset"]]
        row["by_source"] = {one["source"]: one for one in prices[row["asset"]]["sources"]}
    return Content(
        "market.html",
        {
            "view": "sources", "page": page, "rows": page["data"], "asked": asked, "filters": _filters(asked),
            "sources": visit.sources, "api": address("/assets", **asked, limit=_ROWS), "csv": None,
        },
    )  # fmt: skip


def _filters(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name in _FILTERS and value is not None}


async def _consensus(visit: Visit, assets: Sequence[str]) -> dict[str, Members]:
    """What the sources of each asset say together, and where each of them stands."""
    return {asset: await visit.api.get(f"/assets/{asset}/price") for asset in dict.fromkeys(assets)}


def _stand(row: Members, price: Members | None) -> Members | None:
    """Where the source of a quote stands among those of its asset; None where it is alone."""
    if price is None or len(price["sources"]) < 2:
        return None
    mine = next((one for one in price["sources"] if one["source"] == row["data_source"]), None)
    return mine and mine | {"agreed": price["agreed"], "spread_percent": price["spread_percent"]}


async def _trends(visit: Visit, rows: Sequence[Members]) -> list[list[float]]:
    names = [ListingName(row["data_source"], row["dataset"] or "", row["crypto_id"]) for row in rows]
    async with visit.reader.connection() as connection:
        return await read_trends(connection, names, most=_POINTS)
