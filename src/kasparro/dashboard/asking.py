"""Asking: what a page shows is what the API answers, asked from within the same process."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from starlette.types import Scope

Members = dict[str, Any]
"""An answer's members; numbers have all their digits."""


class Ask(Protocol):
    """Asks the API: gives the status and the body of its answer. `scope` is the request that the page answers."""

    async def __call__(self, scope: Scope, path: str, query: str) -> tuple[int, bytes]: ...


class Refused(Exception):
    """The API has no such answer: its status, and what it says to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Api:
    """The API as the page that answers `scope` sees it: one moment of the ledger, however many questions."""

    def __init__(self, ask: Ask, scope: Scope) -> None:
        self._ask = ask
        self._scope = scope

    async def get(self, path: str, /, **query: object) -> Members:
        """The answer to `GET path`; what is None isn't asked. Raises Refused."""
        status, body = await self._ask(self._scope, path, _query(query))
        members = _read(body)
        # Health tells with a 503 what it found; that is an answer.
        if status >= 400 and "detail" in members:
            raise Refused(status, str(members["detail"]))
        return members

    async def get_all(self, *questions: "Question") -> list[Members]:
        """The answers to all of them, found at the same time. Raises Refused."""
        return await asyncio.gather(*(self.get(path, **query) for path, query in questions))


Question = tuple[str, Mapping[str, object]]
"""A path and what is asked of it."""


def address(path: str, /, **query: object) -> str:
    """The address of what `path` answers; what is None isn't in it."""
    asked = _query(query)
    return f"{quote(path)}?{asked}" if asked else quote(path)


def _query(given: Mapping[str, object]) -> str:
    return urlencode({name: _written(value) for name, value in given.items() if value is not None})


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(body: bytes) -> Members:
    members: Members = json.loads(body, parse_float=Decimal)
    return members
