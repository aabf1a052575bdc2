"""What providers over HTTP have in common: polite fetching, JSON arrays, streams that are swept by pages."""

from typing import TYPE_CHECKING

from kasparro.sources import records, sweep
from kasparro.sources.contract import Cursor, Payload, Request

if TYPE_CHECKING:
    from kasparro.sources.client import PoliteClient


class Provider:
    """The part of a source that doesn't depend on the provider; `plan` and `parse` are the provider's own."""

    def __init__(self, client: "PoliteClient") -> None:
        self._client = client
        self.concurrency = client.politeness.concurrency
        self.address = client.politeness.root
        self.tally = client.tally

    async def fetch(self, request: Request) -> Payload:
        """The provider's answer. Raises the errors of `sources.errors`."""
        return await self._client.fetch(request)

    def excerpt(self, request: Request, payload: Payload, ordinal: int) -> str:
        """The record's JSON."""
        return records.excerpt(payload.body, ordinal)

    def advance(self, cursor: Cursor, request: Request, payload: Payload, *, complete: bool) -> Cursor:
        """The sweep's cursor with this request marked."""
        return sweep.mark(cursor, request.position, complete=complete)

    def abandon(self, cursor: Cursor) -> Cursor:
        """The cursor of a sweep that is over though requests are missing."""
        return sweep.abandon(cursor)

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()
