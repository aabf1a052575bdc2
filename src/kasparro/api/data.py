"""`/data`: the newest quote of every listing, filtered, sorted and paged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kasparro.api.asking import asks
from kasparro.api.cursors import PATTERN, Cursor, read_cursor
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current, Exchange, Rendered
from kasparro.api.exports import Format, accepted_format, export
from kasparro.api.parameters import Amount, Moment, Text, Whole, written
from kasparro.api.quotes import Answered, QuoteRow, Renderer
from kasparro.market.row import Row
from kasparro.market.snapshot import Filters, Page, Snapshot, SortField
from kasparro.market.sorting import Order

router = APIRouter(tags=["data"])
_MAX_OFFSET = 1_000_000_000
_CANDIDATES = 100
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

    limit: Whole = Field(10, ge=1, le=100, description="Rows of a page")
    offset: Whole | None = Field(
        None, ge=0, le=_MAX_OFFSET, description="Rows to skip; `page` and `cursor` go before it"
    )
    page: Whole | None = Field(None, ge=1, le=_MAX_OFFSET // 100, description="From 1; `cursor` goes before it")
    cursor: str | None = Field(
        None, pattern=PATTERN, description="`next_cursor` of the page before; it brings order and version with it"
    )
    format: Literal["json", "csv", "ndjson"] | None = Field(
        None, description="`csv` and `ndjson` stream the whole selection, or `limit` rows where that is given"
    )


class Meta(BaseModel):
    """What is to be known about an answer."""

    as_of: datetime | None = Field(description="The moment that was answered for, where one was asked for")
    version: int | None = Field(
        description="The ledger's version that a cursor's pages are all of; null without cursor", examples=[2]
    )
    candidates: list["Candidate"] | None = Field(
        description="The assets that share the ticker asked for, where there is more than one, by rank"
    )


class Candidate(BaseModel):
    """An asset that has the ticker asked for."""

    asset: str | None = Field(
        description="The asset; null for a listing that is linked to none yet", examples=["bitcoin"]
    )
    name: str = Field(description="The name", examples=["Bitcoin"])
    symbol: str = Field(description="The ticker, as it is written there", examples=["BTC"])
    rank: int | None = Field(description="The best rank by market capitalisation that a source gives it", examples=[1])
    sources: list[str] = Field(description="The sources that give it this ticker", examples=[["coingecko"]])
    crypto_id: str = Field(description="Its id at the first of these sources", examples=["bitcoin"])


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

    Pages can be had by number, by offset or by cursor; all three agree while nothing new comes in. Those of a cursor
    are all of the ledger as it was at the first: followed to the end, they show each coin once. The others are always
    of the newest quotes.
    """
    form = query.format or accepted_format(exchange.headers.get("accept") or "")
    cursor = read_cursor(query.cursor) if query.cursor else None
    chosen = await desk.chosen(exchange, query.as_of, cursor.version if cursor else None)
    snapshot = chosen.snapshot
    sort_by, order = (cursor.sort_by, cursor.order) if cursor else (query.sort_by, query.order)
    offset = (query.page - 1) * query.limit if query.page else query.offset or 0
    whole = form != "json" and "limit" not in query.model_fields_set
    page = snapshot.page(
        query.filters(desk), sort_by, order, limit=len(snapshot.rows) if whole else query.limit, offset=offset,
        beyond=cursor.key if cursor else None,
    )  # fmt: skip
    if form != "json":
        return export(page.rows, Renderer(chosen.now, desk.settings.stale_after), form, exchange, desk.exports)
    following = Cursor(sort_by, order, page.last, snapshot.version).text() if page.last else None
    rows = Renderer(chosen.now, desk.settings.stale_after).all(page.rows)
    meta = {
        "as_of": chosen.as_of, "version": snapshot.version if cursor or following else None,
        "candidates": _candidates(query, snapshot, desk.sources),
    }  # fmt: skip
    members = {
        "total": page.total, "page": page.offset // query.limit + 1, "page_size": query.limit,
        "next_cursor": following, "meta": meta,
    }  # fmt: skip
    head = f'{{"data":{rows},{msgspec.json.encode(members).decode()[1:-1]}'
    given = _given(query) | {"sort_by": sort_by, "order": order}
    if chosen.as_of is not None:
        given["as_of"] = written(chosen.as_of)
    return Rendered(_question(query), head.encode(), {"link": _links(given, query.limit, page, following)})


async def exported(query: Selection, desk: Desk, exchange: Exchange, form: Format) -> Response:
    """The whole selection, streamed."""
    snapshot, now, _, _ = await desk.chosen(exchange, query.as_of)
    page = snapshot.page(query.filters(desk), query.sort_by, query.order, limit=len(snapshot.rows))
    return export(page.rows, Renderer(now, desk.settings.stale_after), form, exchange, desk.exports)


def _candidates(query: DataQuery, snapshot: Snapshot, sources: Sequence[str]) -> list[dict[str, Any]] | None:
    """The assets that share the ticker asked for; a listing that is linked to none stands for itself."""
    sharing: dict[str | int, list[Row]] = {}
    for row in [] if query.symbol is None else snapshot.find(Filters(symbol=query.symbol)):
        sharing.setdefault(row.asset or row.listing_id, []).append(row)
    if len(sharing) < 2:
        return None
    candidates = []
    for rows in sharing.values():
        rows.sort(key=lambda row: sources.index(row.source) if row.source in sources else len(sources))
        ranks = [row.rank for row in rows if row.rank is not None]
        candidates.append(
            {"asset": rows[0].asset, "name": rows[0].crypto_name, "symbol": rows[0].symbol,
             "rank": min(ranks, default=None), "sources": list(dict.fromkeys(row.source for row in rows)),
             "crypto_id": rows[0].crypto_id}
        )  # fmt: skip
    candidates.sort(key=lambda one: (one["rank"] is None, one["rank"], one["asset"] or "", one["crypto_id"]))
    return candidates[:_CANDIDATES]


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
