"""Views: a ledger's assets at one moment, and pages of what is shown of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.desk import Desk
from kasparro.api.exchange import Exchange, Rendered
from kasparro.api.parameters import Moment, Whole, written
from kasparro.api.quotes import EPOCH
from kasparro.market.board import Board
from kasparro.market.catalogue import Catalogue
from kasparro.market.snapshot import Snapshot

_MAX_OFFSET = 1_000_000_000
_CURSOR = r"^[0-9]{1,9}\.[0-9]{1,19}\.[0-9]{1,9}$"


class Asked(BaseModel):
    """When."""

    as_of: Moment | None = Field(
        None, description="As the ledger was known at this moment, links included", examples=["2026-06-30"]
    )


class Paged(Asked):
    """Which page. A cursor brings the version of the ledger and a minute at which all looked as on its first page, so
    that nothing comes in between, not even time."""

    limit: Whole = Field(20, ge=1, le=100, description="Entries of a page")
    offset: Whole | None = Field(
        None, ge=0, le=_MAX_OFFSET, description="Entries to skip; `page`, `cursor` go before it"
    )
    page: Whole | None = Field(None, ge=1, le=_MAX_OFFSET // 1000, description="From 1; `cursor` goes before it")
    cursor: str | None = Field(None, pattern=_CURSOR, description="`next_cursor` of the page before")

    @property
    def start(self) -> int:
        """How many entries come before the page."""
        if self.cursor:
            return int(self.cursor.partition(".")[0])
        return (self.page - 1) * self.limit if self.page else self.offset or 0


class Moments(BaseModel):
    """Which moment was answered for."""

    as_of: datetime | None = Field(
        description="The moment that was asked for, by which is told what is stale; null where it is now"
    )
    known_at: datetime | None = Field(
        description="The ledger's last change up to then; null where it is now, or nothing was known yet"
    )


class View(NamedTuple):
    """What there is to be seen at one moment. `now` is that by which staleness is told; `as_of` and `known_at` are the
    moment asked for and the ledger's last change up to it, None where no moment was asked for."""

    snapshot: Snapshot
    board: Board
    now: datetime
    as_of: datetime | None
    known_at: datetime | None

    @property
    def moments(self) -> dict[str, Any]:
        """Both moments, as members of an answer."""
        return {"as_of": self.as_of, "known_at": self.known_at}


async def view(desk: Desk, exchange: Exchange, asked: Asked) -> View:
    """What is to be seen at the moment that is asked for, with all that was committed before the request's arrival."""
    version, minute = None, None
    if isinstance(asked, Paged) and asked.cursor:
        _, version, minute = map(int, asked.cursor.split("."))
    chosen = await desk.chosen(exchange, asked.as_of, version)
    now = chosen.now if minute is None else min(chosen.now, EPOCH + timedelta(minutes=minute))
    as_of = None
    if asked.as_of is not None and chosen.as_of is not None:
        # The future is not known yet: what was asked for is the present.
        as_of = min(asked.as_of, max(chosen.now, chosen.as_of))
    known_at = chosen.as_of if chosen.version else None
    return View(chosen.snapshot, desk.boards.board(chosen.snapshot, now), now, as_of, known_at)


async def catalogue(desk: Desk, seen: View) -> Catalogue:
    """All assets that there are in the view."""
    return await desk.boards.catalogue(seen.snapshot)


def page_of(
    path: str, query: Paged, seen: View, rows: Sequence[Any], total: int, more: dict[str, Any] | None = None
) -> Rendered:
    """The answer with the page `rows` of all `total` entries, and `more` members."""
    start, end = query.start, query.start + len(rows)
    given = _without_place(_asked_for(query))
    links = [f'<{_target(path, given)}>; rel="first"']
    following = None
    if rows and end < total:
        following = f"{end}.{seen.snapshot.version}.{_minute(seen.board)}"
        links.append(f'<{_target(path, given | {"cursor": following})}>; rel="next"')
    members = {
        "data": rows, "total": total, "page": start // query.limit + 1, "page_size": query.limit,
        "next_cursor": following, **(more or {}), **seen.moments,
    }  # fmt: skip
    return answer(question(path, query), members, {"link": ", ".join(links)})


def _minute(board: Board) -> int:
    """The first minute at which the same was fresh and stale as now, so that cursors change only when something has."""
    return 0 if board.same_since is None else (board.same_since - EPOCH) // timedelta(minutes=1) + 1


def plain(value: Decimal | None) -> msgspec.Raw | None:
    """A number as answers show it: all its digits, no exponent; None stays None."""
    return None if value is None else msgspec.Raw((f"{value:f}" if value else "0").encode())


def question(path: str, query: BaseModel) -> str:
    """The canonical form of what was asked, by which the answer is kept."""
    return f"{quote(path)}?{urlencode(_asked_for(query))}"


def _target(path: str, given: dict[str, str]) -> str:
    return f"{quote(path)}?{urlencode(given)}" if given else quote(path)


def _asked_for(query: BaseModel) -> dict[str, str]:
    values = {name: getattr(query, name) for name in sorted(query.model_fields_set)}
    return {name: _written(value) for name, value in values.items() if value is not None}


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else written(value)


def _without_place(given: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in ("cursor", "offset", "page")}
