"""A visit: one request for a page, and what it is answered with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from starlette.requests import Request

from kasparro.config import Settings
from kasparro.dashboard.asking import Api, Ask, Members
from kasparro.store.pool import Pool


class House(NamedTuple):
    """What all pages of a worker have in common. What they show comes from `ask`, pictures of long histories through
    `reader`; `sources` are all there are."""

    ask: Ask
    reader: Pool
    settings: Settings
    sources: tuple[str, ...]


class Content(NamedTuple):
    """What a page shows: its template and the values in it."""

    template: str
    values: Mapping[str, Any]
    status: int = 200


class Visit:
    """One visit. `now` is the moment of its arrival (UTC)."""

    def __init__(self, house: House, request: Request) -> None:
        self.house = house
        self.request = request
        self.api = Api(house.ask, request.scope)
        self.now = datetime.now(UTC)
        self.reader = house.reader
        self.sources = house.sources

    def given(self, *names: str) -> dict[str, str]:
        """The query parameters of these names that say something; others are nobody's business."""
        query = self.request.query_params
        return {name: value for name in names if (value := query.get(name, "").strip())}

    def named(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    async def simulated(self) -> list[str]:
        """The sources whose newest quote is made up."""
        newest = await self.api.get_all(*(("/data", {"source": source, "limit": 1}) for source in self.sources))
        rows: list[Members] = [row for page in newest for row in page["data"]]
        return [row["data_source"] for row in rows if row["simulated"]]
