"""`/quotes/{id}/receipt`: where a quote came from, to the byte."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from kasparro.api.answers import answer
from kasparro.api.desk import Desk, Worker
from kasparro.api.exchange import Current
from kasparro.api.parameters import DIGITS, MAX_ID
from kasparro.api.problems import Problem, ProblemDetails
from kasparro.api.quotes import Answered
from kasparro.store.payloads import read_payload
from kasparro.store.receipts import Receipt, get_receipt

router = APIRouter(tags=["receipts"])
QuoteId = Annotated[int, Path(ge=1, le=MAX_ID, description="The quote's number", examples=[3145728]), DIGITS]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ProblemDetails, "description": "There is no such quote"}}
_BYTES = {
    "description": "The bytes",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_REQUEST = ("stream", "path", "params", "position")


class ReceiptRequest(BaseModel):
    """What was asked for, without secrets."""

    stream: str = Field(description="The stream that was asked for", examples=["markets"])
    path: str = Field(description="What was asked of the source, or the file's name", examples=["/coins/markets"])
    params: dict[str, str] = Field(description="The query parameters, without keys")
    position: int = Field(description="Its place among the requests of its stream")


class ReceiptView(Answered):
    """The lineage of one quote. Times are UTC."""

    quote_id: int = Field(description="The quote's number", examples=[3145728])
    source: str = Field(description="The source", examples=["coingecko"])
    dataset: str = Field(description="The file, for coins from CSV files; else empty")
    period: str = Field(description="The candle's length, for quotes from candles; else empty")
    source_coin_id: str = Field(description="The coin's id at its source", examples=["bitcoin"])
    symbol: str | None = Field(description="The ticker")
    name: str | None = Field(description="The coin's name")
    observed_at: datetime = Field(description="The moment by the source's clock")
    known_at: datetime = Field(description="When the ledger came to know it")
    version: int = Field(description="Which version of this moment's numbers it is")
    versions: int = Field(description="How many there are")
    retracted: bool = Field(description="Whether it was taken back when its payload was read anew")
    rank: int | None = Field(description="Rank by market capitalisation at the source, from 1")
    price_usd: float | None = Field(description="Price in US dollars")
    market_cap_usd: float | None = Field(description="Market capitalisation in US dollars; null when unknown")
    volume_24h_usd: float | None = Field(description="Volume of 24 hours in US dollars")
    change_24h_percent: float | None = Field(description="Change of the price in 24 hours, in percent")
    circulating_supply: float | None = Field(description="Coins in circulation; null when unknown")
    total_supply: float | None = Field(description="Coins made so far; null when unknown")
    max_supply: float | None = Field(description="Coins that will ever be; null when unlimited or unknown")
    load_id: int = Field(description="The page that brought it")
    ordinal: int = Field(description="The record's position in the payload, from 0")
    stream: str = Field(description="The stream that the payload is of")
    kind: str = Field(description="ingest, replay or reprocess")
    parser: str = Field(description="Which parser read it", examples=["coingecko/1"])
    fetched_at: datetime = Field(description="When the bytes arrived")
    simulated: bool = Field(description="Whether it comes from the sandbox or a file of made-up numbers")
    run_id: int = Field(description="The run that brought it")
    sha256: str = Field(description="The payload's SHA-256", examples=["ab" * 32])
    size: int = Field(description="The payload's bytes")
    request: ReceiptRequest = Field(description="What was asked for, without secrets")
    payload: str = Field(description="Where the payload's bytes are", examples=["/quotes/3145728/receipt/payload"])


@router.get(
    "/quotes/{quote_id}/receipt", response_model=ReceiptView, summary="Where a quote came from", responses=_UNKNOWN
)
async def receipt(quote_id: QuoteId, desk: Worker, exchange: Current) -> Response:
    """From a quote to the record, the bytes, the request, the run and the parser that it came from."""
    await desk.stamp(exchange)
    found = await _receipt(desk, quote_id)
    members = msgspec.structs.asdict(found)
    del members["about"]
    members["request"] = {name: found.request[name] for name in _REQUEST if name in found.request}
    if found.source == "csv":
        members["request"]["path"] = str(found.request.get("path", "")).rpartition("/")[2]
    members["payload"] = f"/quotes/{quote_id}/receipt/payload"
    return answer(f"/quotes/{quote_id}/receipt", members)


@router.get(
    "/quotes/{quote_id}/receipt/payload", summary="The bytes that a quote was read from", response_class=Response,
    responses=_UNKNOWN | {200: _BYTES, 304: {"description": "They are those of this `ETag`"}},
)  # fmt: skip
async def payload(quote_id: QuoteId, desk: Worker, exchange: Current) -> Response:
    """The payload as it came, as an attachment: it is foreign content, not to be shown."""
    await desk.stamp(exchange)  # a database that is away is told by it at once
    found = await _receipt(desk, quote_id)
    # To be asked for again each time: in a ledger that was restored, the number may be another quote's.
    headers = {"etag": f'"{found.sha256}"', "cache-control": "private, no-cache"}
    if found.sha256 in (exchange.headers.get("if-none-match") or ""):
        return Response(None, 304, headers)
    async with desk.reader.connection() as connection:
        body = await read_payload(connection, bytes.fromhex(found.sha256))
    headers |= {
        "content-disposition": f'attachment; filename="{found.sha256[:16]}.payload"',
        # RFC 9530
        "repr-digest": f"sha-256=:{b64encode(bytes.fromhex(found.sha256)).decode()}:",
    }
    return Response(body, 200, headers, "application/octet-stream")


async def _receipt(desk: Desk, quote_id: int) -> Receipt:
    async with desk.reader.connection() as connection:
        found = await get_receipt(connection, quote_id)
    if found is None:
        accepted = "The `id` of a row of `/data` or of a history is accepted"
        raise Problem(
            404, f"There is no quote {quote_id}. {accepted}",
            errors=[{"parameter": "quote_id", "given": str(quote_id), "accepted": accepted}],
        )  # fmt: skip
    return found
