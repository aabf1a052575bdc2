"""`/data`: the newest quote of every listing, filtered, sorted and paged."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.asking import asks
from kasparro.api.cursors import PATTERN, Cursor, read_cursor
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current, Exchange, Rendered
from kasparro.api.exports import Format, export, wanted_format
from kasparro.api.parameters import Amount, Moment, Text, written
from kasparro.api.quotes import EPOCH, Answered, QuoteRow, Renderer
from kasparro.market.snapshot import Filters, Order, Page, Snapshot, SortField

router = APIRouter(tags=["data"])
_MAX_OFFSET = 1_000_000_000
_LINES = {"type": "string"}


class Selection(BaseModel):
    """Which quotes, and in which order."""

    source: Text | None = Field(None, description="Only this source")
    crypto_id: Text | None = Field(None, description="Only coins with this id at their source", examples=["bitcoin"])
    symbol: Text | None = Field(None, description="Only coins with this ticker", examples=["BTC"])
    asset: Text | None = Field(None, description="Only listings that are linked to this asset")
    q: Text | None = Field(None, description="Only coins with this in their id, ticker or name", examples=["bit"])
    min_price: Amount | None = Field(None, description="Only prices from this on, in US dollars", examples=[0.05])
    max_price: Amount | None = Field(None, description="Only prices up to this, in US dollars")
    sort_by: SortField = Field("created_at", description="Sort by this; equal values are told apart, nulls come last")
    order: Order = Field("desc", description="Ascending or descending")
    as_of: Moment | None = Field(None, description="As the ledger was known at this moment", examples=["2026-06-30"])

    def filters(self, desk: Desk) -> Filters:
        """The filters. Raises Problem for a source that there isn't."""
        return Filters(source=desk.known_source(self.source), crypto_id=self.crypto_id, symbol=self.symbol,
                       asset=self.asset, q=self.q, min_price=self.min_price, max_price=self.max_price)  # fmt: skip


class DataQuery(Selection):
    """A page of a selection."""

    limit: int = Field(10, ge=1, le=100, description="Rows of a page")
    offset: int | None = Field(None, ge=0, le=_MAX_OFFSET, description="Rows to skip; `page` and `cursor` go before it")
    page: int | None = Field(None, ge=1, le=_MAX_OFFSET // 100, description="The page, from 1; `cursor` goes before it")
    cursor: str | None = Field(
        None, pattern=PATTERN, description="`next_cursor` of the page before; it brings its order with it"
    )
    format: Literal["json", "csv", "ndjson"] | None = Field(
        None, description="`csv` and `ndjson` stream the whole selection, or `limit` rows where that is given"
    )


class Meta(BaseModel):
    """What is to be known about an answer."""

    as_of: datetime | None = Field(description="The moment that was answered for, where one was asked for")
    candidates: list["Candidate"] | None = Field(
        description="The coins that share the ticker asked for, where there is more than one"
    )


class Candidate(BaseModel):
    """A coin that has the ticker asked for."""

    crypto_id: str = Field(description="The coin's id at its source", examples=["bitcoin"])
    crypto_name: str | None = Field(description="The coin's name", examples=["Bitcoin"])
    data_source: str = Field(description="The source", examples=["coingecko"])
    asset: str | None = Field(description="The asset that the listing is linked to, null while it is to none")
    rank: int | None = Field(description="Rank by market capitalisation at the source, from 1", examples=[1])


class DataPage(Answered):
    """A page of quotes."""

    data: list[QuoteRow] = Field(description="The rows of the page")
    total: int = Field(description="Rows of the whole selection", examples=[1000])
    page: int = Field(description="Which page this is, from 1", examples=[1])
    page_size: int = Field(description="Rows that a page may have", examples=[10])
    next_cursor: str | None = Field(description="Leads to the next page; null on the last one")
    meta: Meta = Field(description="What is to be known about the answer")


@router.get(
    "/data",
    response_model=DataPage,
    summary="The newest quotes",
    responses={200: {"content": {kind: {"schema": _LINES} for kind in ("text/csv", "application/x-ndjson")}}},
)
async def list_data(query: Annotated[DataQuery, asks(DataQuery)], desk: Worker, exchange: Current) -> Response:
    """The newest quote of each listing that passes all filters. Texts are compared without regard to case.

    Pages can be had by number, by offset or by cursor; all three agree. A cursor stays right while new quotes come in.
    """
    form = wanted_format(query.format, exchange.headers.get("accept") or "")
    snapshot, now, effective = await chosen_snapshot(query, desk, exchange)
    cursor = read_cursor(query.cursor) if query.cursor else None
    sort_by, order = (cursor.sort_by, cursor.order) if cursor else (query.sort_by, query.order)
    offset = (query.page - 1) * query.limit if query.page else query.offset or 0
    whole = form != "json" and "limit" not in query.model_fields_set
    page = snapshot.page(
        query.filters(desk), sort_by, order, limit=len(snapshot.rows) if whole else query.limit, offset=offset,
        beyond=cursor.key if cursor else None,
    )  # fmt: skip
    if form != "json":
        return export(page.rows, Renderer(now, desk.settings.stale_after), form, exchange)
    following = Cursor(sort_by, order, page.last).text() if page.last else None
    rows = Renderer(now, desk.settings.stale_after).all(page.rows)
    members = {
        "total": page.total, "page": page.offset // query.limit + 1, "page_size": query.limit,
        "next_cursor": following, "meta": _meta(query, snapshot, effective),
    }  # fmt: skip
    head = f'{{"data":{rows},{msgspec.json.encode(members).decode()[1:-1]}'
    given = _given(query) | {"sort_by": sort_by, "order": order}
    if effective is not None:
        given["as_of"] = written(effective)
    return Rendered(_question(query), head.encode(), {"link": _links(given, query.limit, page, following)})


async def chosen_snapshot(
    query: Selection, desk: Desk, exchange: Exchange
) -> tuple[Snapshot, datetime, datetime | None]:
    """The snapshot that `query` is about, the moment by which staleness is told, and the effective `as_of`."""
    stamp = await desk.stamp(exchange)
    if query.as_of is None:
        return await desk.snapshot(exchange), EPOCH + timedelta(minutes=stamp.minute), None
    moment = await desk.moment(query.as_of)
    now = min(query.as_of, EPOCH + timedelta(minutes=stamp.minute))
    return await desk.snapshot_at(moment), now, min(query.as_of, moment.known_at)


async def exported(query: Selection, desk: Desk, exchange: Exchange, form: Format) -> Response:
    """The whole selection, streamed."""
    snapshot, now, _ = await chosen_snapshot(query, desk, exchange)
    page = snapshot.page(query.filters(desk), query.sort_by, query.order, limit=len(snapshot.rows))
    return export(page.rows, Renderer(now, desk.settings.stale_after), form, exchange)


def _meta(query: DataQuery, snapshot: Snapshot, effective: datetime | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"as_of": effective, "candidates": None}
    if query.symbol is not None:
        sharing = snapshot.find(Filters(symbol=query.symbol))
        if len({(row.source, row.crypto_id) for row in sharing}) > 1:
            meta["candidates"] = [
                {"crypto_id": row.crypto_id, "crypto_name": row.crypto_name, "data_source": row.source,
                 "asset": row.asset, "rank": row.rank}
                for row in sharing[:100]
            ]  # fmt: skip
    return meta


def _given(query: BaseModel) -> dict[str, str]:
    return {
        name: written(value) for name in sorted(query.model_fields_set) if (value := getattr(query, name)) is not None
    }


def _question(query: DataQuery) -> str:
    return "/data?" + urlencode(_given(query))


def _links(given: dict[str, str], limit: int, page: Page, following: str | None) -> str:
    given = {name: value for name, value in given.items() if name not in ("cursor", "offset", "page")}
    links = [f'</data?{urlencode(given)}>; rel="first"']
    if following:
        links.append(f'</data?{urlencode(given | {"cursor": following})}>; rel="next"')
    if page.offset > 0 and page.offset % limit == 0:
        last = max(-(-page.total // limit), 1)
        before = given | {"page": str(min(page.offset // limit, last))}
        links.append(f'</data?{urlencode(before)}>; rel="prev"')
    return ", ".join(links)


@router.get("/data.csv", summary="The newest quotes as CSV", response_class=Response,
            responses={200: {"description": "A line of names, a line for each quote",
                             "content": {"text/csv": {"schema": _LINES}}}})  # fmt: skip
async def csv_data(query: Annotated[Selection, asks(Selection)], desk: Worker, exchange: Current) -> Response:
    """The whole selection as CSV with a header. Texts that a spreadsheet would run as a formula begin with `'`."""
    return await exported(query, desk, exchange, "csv")


@router.get("/data.ndjson", summary="The newest quotes as NDJSON", response_class=Response,
            responses={200: {"description": "A line for each quote",
                             "content": {"application/x-ndjson": {"schema": _LINES}}}})  # fmt: skip
async def ndjson_data(query: Annotated[Selection, asks(Selection)], desk: Worker, exchange: Current) -> Response:
    """The whole selection, one JSON object a line."""
    return await exported(query, desk, exchange, "ndjson")
