"""`/data/{crypto_id}`: one coin, and its history."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from kasparro.api.asking import asks
from kasparro.api.desk import Chosen, Desk, Worker
from kasparro.api.exchange import Current, Exchange, Rendered
from kasparro.api.parameters import Moment, Text, Whole, written
from kasparro.api.problems import Problem, ProblemDetails
from kasparro.api.quotes import EPOCH, Answered, Quoted, QuoteRow, Renderer
from kasparro.market.row import Row
from kasparro.market.snapshot import Filters, Snapshot
from kasparro.market.sorting import Order
from kasparro.store.history import read_history

router = APIRouter(tags=["data"])
_NEAR = 5
_CURSOR = r"^-?[0-9]{1,16}\.[0-9]{1,10}$"
"""The last quote's moment in microseconds, and its listing, so that the pages stay those of one coin."""
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemDetails, "description": "No coin has this id; near ones are named"}
}
CoinId = Annotated[
    str, Path(min_length=1, max_length=200, description="The coin's id at its source", examples=["bitcoin"])
]


class CoinQuery(BaseModel):
    """Which of the coins with an id, and when."""

    source: Text | None = Field(None, description="The coin of this source, where several have the id")
    dataset: Text | None = Field(None, description="The coin of this dataset of CSV files, where several have the id")
    as_of: Moment | None = Field(None, description="As the ledger was known at this moment")


class HistoryQuery(CoinQuery):
    """A page of a coin's history."""

    start: Moment | None = Field(None, description="From this moment on")
    end: Moment | None = Field(None, description="Up to this moment, itself included")
    order: Order = Field("desc", description="Newest or oldest first")
    limit: Whole = Field(100, ge=1, le=1000, description="Quotes of a page")
    cursor: str | None = Field(None, pattern=_CURSOR, description="`next_cursor` of the page before")


class Coin(QuoteRow, Answered):
    """The newest quote of one coin."""

    alternatives: list[QuoteRow] = Field(description="The other listings with this id")


class History(Answered):
    """A page of a coin's quotes, the last version of each."""

    crypto_id: str = Field(description="The coin's id at its source", examples=["bitcoin"])
    data_source: str = Field(description="The source that the quotes are of", examples=["coingecko"])
    dataset: str | None = Field(description="The file that the quotes are of, for coins from CSV files")
    as_of: datetime | None = Field(description="The moment that was answered for, where one was asked for")
    data: list[Quoted] = Field(description="The quotes, in the order asked for")
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")


@router.get("/data/{crypto_id}", response_model=Coin, summary="One coin", responses=_UNKNOWN)
async def get_coin(
    crypto_id: CoinId, query: Annotated[CoinQuery, asks(CoinQuery)], desk: Worker, exchange: Current
) -> Response:
    """The newest quote of one coin, looked up as an asset first, then as the id of each source in turn."""
    found, chosen = await _found(crypto_id, query, desk, exchange)
    renderer = Renderer(chosen.now, desk.settings.stale_after)
    head = f'{renderer.one(found[0])[:-1]},"alternatives":{renderer.all(found[1:])}'
    return Rendered(_question(f"/data/{crypto_id}", query), head.encode())


@router.get("/data/{crypto_id}/history", response_model=History, summary="The history of one coin", responses=_UNKNOWN)
async def get_history(
    crypto_id: CoinId, query: Annotated[HistoryQuery, asks(HistoryQuery)], desk: Worker, exchange: Current
) -> Response:
    """The quotes of one coin from the ledger, newest first. With `as_of` they are those known at that moment: a
    later correction doesn't show."""
    found, chosen = await _found(crypto_id, query, desk, exchange)
    row, beyond = _continued(found, query.cursor) if query.cursor else (found[0], None)
    async with desk.reader.connection() as connection:
        past = await read_history(
            connection, row.listing_id, start=query.start, end=query.end, version=chosen.version, order=query.order,
            beyond=beyond, limit=query.limit + 1,
        )  # fmt: skip
    more = len(past) > query.limit
    past = past[: query.limit]
    following = f"{(past[-1].observed_at - EPOCH) // timedelta(microseconds=1)}.{row.listing_id}" if more else None
    members = {
        "crypto_id": row.crypto_id, "data_source": row.source, "dataset": row.dataset or None,
        "as_of": chosen.as_of, "next_cursor": following,
    }  # fmt: skip
    data = ",".join(f"{quoted.body}}}" for quoted in past)
    head = f'{msgspec.json.encode(members).decode()[:-1]},"data":[{data}]'
    path = f"/data/{crypto_id}/history"
    headers = {}
    if following:
        pinned = {"as_of": chosen.as_of, "source": row.source, "cursor": following}
        given = {name: written(value) for name, value in (_given(query) | pinned).items() if value is not None}
        headers["link"] = f'<{quote(path)}?{urlencode(given)}>; rel="next"'
    return Rendered(_question(path, query), head.encode(), headers)


async def _found(crypto_id: str, query: CoinQuery, desk: Desk, exchange: Exchange) -> tuple[list[Row], Chosen]:
    """The listings that are meant, the likeliest first, and the snapshot that they are from.

    Raises Problem: 404 when there are none.
    """
    source = desk.known_source(query.source)
    chosen = await desk.chosen(exchange, query.as_of)
    rows = {
        row.listing_id: row
        for filters in (
            Filters(asset=crypto_id, source=source),
            Filters(crypto_id=crypto_id, source=source),
        )
        for row in sorted(chosen.snapshot.find(filters), key=lambda row: _precedence(row, desk))
    }
    if rows and query.dataset is not None:
        rows = _of_dataset(rows, crypto_id, query.dataset)
    if not rows:
        near = _near(chosen.snapshot, crypto_id)
        hint = f"Near are {', '.join(near)}" if near else "`/data?q=` searches ids, tickers and names"
        at = f" at {source}" if source else ""
        raise _unknown("crypto_id", crypto_id, f"No coin has the id {crypto_id[:100]!r}{at}", hint)
    return list(rows.values()), chosen


def _of_dataset(rows: dict[int, Row], crypto_id: str, dataset: str) -> dict[int, Row]:
    """Those of `rows` that are of `dataset`, in whatever case, the exact one first. Raises Problem when none is."""
    found = [row for row in rows.values() if row.dataset.casefold() == dataset.casefold()]
    if not found:
        names = sorted({row.dataset for row in rows.values() if row.dataset})
        hint = f"It is in {', '.join(names[:_NEAR])}" if names else "It is in no CSV file"
        raise _unknown("dataset", dataset, f"No coin of this dataset has the id {crypto_id[:100]!r}", hint)
    return {row.listing_id: row for row in sorted(found, key=lambda row: row.dataset != dataset)}


def _continued(found: list[Row], cursor: str) -> tuple[Row, datetime]:
    """The listing whose history `cursor` goes on with, and the moment after which. Raises Problem: 404."""
    moment, _, listing = cursor.partition(".")
    row = next((row for row in found if row.listing_id == int(listing)), None)
    if row is None:
        hint = "The `next_cursor` of an earlier page of the same history is accepted"
        raise _unknown("cursor", cursor, "This cursor is of another coin's history", hint)
    return row, EPOCH + timedelta(microseconds=int(moment))


def _unknown(parameter: str, given: str, what: str, hint: str) -> Problem:
    error = {"parameter": parameter, "given": given[:100], "accepted": hint}
    return Problem(404, f"{what}. {hint}", errors=[error])


def _precedence(row: Row, desk: Desk) -> tuple[int, timedelta]:
    place = desk.sources.index(row.source) if row.source in desk.sources else len(desk.sources)
    return place, EPOCH - row.observed_at


def _near(snapshot: Snapshot, wanted: str) -> list[str]:
    """Ids that could have been meant: those of the ticker, those that contain it, those that begin like it."""
    near: dict[str, None] = {}
    word = re.sub(r"[^0-9a-z]+", "", wanted.casefold())
    for filters in (
        Filters(symbol=wanted),
        Filters(q=wanted),
        Filters(q=word or wanted),
        Filters(q=word[:4] or wanted),
    ):
        page = snapshot.page(filters, "rank", "asc", limit=_NEAR)
        near |= dict.fromkeys(row.crypto_id for row in page.rows)
        if len(near) >= _NEAR:
            break
    return list(near)[:_NEAR]


def _given(query: BaseModel) -> dict[str, Any]:
    return {name: getattr(query, name) for name in sorted(query.model_fields_set) if getattr(query, name) is not None}


def _question(path: str, query: BaseModel) -> str:
    return f"{path}?{urlencode({name: written(value) for name, value in _given(query).items()})}"
