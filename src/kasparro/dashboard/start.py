"""Starting a run: a form whose script asks the API with the person's key."""

from kasparro.dashboard.live import with_expected
from kasparro.dashboard.visit import Content, Visit


async def start(visit: Visit) -> Content:
    """The form. Nothing is sent here: the key goes to `POST /etl/run` and nowhere else."""
    return Content("start.html", {"status": await with_expected(visit.api), "sources": visit.sources})
