"""Receipt: where one quote came from, to the byte."""

from kasparro.dashboard.asking import address
from kasparro.dashboard.visit import Content, Visit


async def receipt(visit: Visit) -> Content:
    """The lineage of one quote."""
    path = f"/quotes/{visit.named('quote_id')}/receipt"
    return Content("receipt.html", {"receipt": await visit.api.get(path), "api": address(path)})
