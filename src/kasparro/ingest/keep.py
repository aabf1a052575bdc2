"""Keeping: from a payload and what it says to the page that goes into the ledger."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import zstandard

from kasparro.market.quote import ahead_of_time
from kasparro.sources.contract import Parsed, Payload, RefusedPayload, Request, Source
from kasparro.store.page import Page

_LEVEL = 3


def make_page(
    source: Source, step_id: int, request: Request, payload: Payload, parsed: Parsed,
    cursor: Mapping[str, Any] | None, refusal: RefusedPayload | None = None,
) -> Page:  # fmt: skip
    """The page of `payload`: bytes compressed and named by their SHA-256, quotes dated ahead rejected.

    `cursor` is the stream's checkpoint after it, None to leave the checkpoint where it is.
    """
    rejections = [*parsed.rejections, *ahead_of_time(parsed.quotes, payload.fetched_at)]
    future = {rejection.ordinal for rejection in rejections[len(parsed.rejections) :]}
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
        rejections=rejections,
        drift=refusal.drift if refusal else parsed.drift,
        cursor=cursor,
        refusal=str(refusal) if refusal else None,
    )
