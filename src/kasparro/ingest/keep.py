"""Keeping: from a payload and what it says to the page that goes into the ledger."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import zstandard

from kasparro.market.quote import Quote, ahead_of_time
from kasparro.market.rejection import Rejection
from kasparro.sources.contract import Parsed, Payload, RefusedPayload, Request, Source
from kasparro.store.page import Page

_LEVEL = 3


def dated_ahead(quotes: Sequence[Quote], arrived_at: datetime) -> list[Rejection]:
    """A rejection for each of `quotes` that is dated too far ahead, with what was understood of it as its record.

    A rejection is known by its record's text. Cutting thousands out of their payload one by one, as a wrong clock
    would ask for, takes minutes.
    """
    late = ahead_of_time(quotes, arrived_at)
    if not late:
        return []
    by_ordinal = {quote.ordinal: quote for quote in quotes}
    return [msgspec.structs.replace(rejection, record=_understood(by_ordinal[rejection.ordinal])) for rejection in late]


def _understood(quote: Quote) -> str:
    values = msgspec.structs.asdict(quote)
    del values["ordinal"]
    return msgspec.json.encode({name: value for name, value in values.items() if value is not None}).decode()


def make_page(
    source: Source, step_id: int, request: Request, payload: Payload, parsed: Parsed,
    cursor: Mapping[str, Any] | None, refusal: RefusedPayload | None = None,
) -> Page:  # fmt: skip
    """The page of `payload`: bytes compressed and named by their SHA-256, quotes dated ahead rejected.

    `cursor` is the stream's checkpoint after it, None to leave the checkpoint where it is.
    """
    late = dated_ahead(parsed.quotes, payload.fetched_at)
    future = {rejection.ordinal for rejection in late}
    rejections = [*parsed.rejections, *late]
    return Page(
        step_id=step_id,
        source=source.name,
        stream=request.stream,
        parser=source.parser,
        dataset=request.dataset,
        period=request.period,
        request=msgspec.to_builtins(request),
        about=payload.about,
        fetched_at=payload.fetched_at,
        simulated=payload.simulated,
        sha256=hashlib.sha256(payload.body).digest(),
        size=len(payload.body),
        body=zstandard.compress(payload.body, _LEVEL),
        quotes=[q for q in parsed.quotes if q.ordinal not in future] if future else parsed.quotes,
        coins=parsed.coins,
        whole=parsed.whole,
        rejections=rejections,
        drift=refusal.drift if refusal else parsed.drift,
        cursor=cursor,
        refusal=str(refusal) if refusal else None,
    )
