"""The quote: one observation of one listing at one time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from kasparro.market.amount import Amount
from kasparro.market.rejection import Reason, Rejection

FUTURE_TOLERANCE = timedelta(minutes=10)
"""How far ahead of its arrival a quote may be dated. `as_of` reads rely on this bound."""

MAX_TEXT = 500
"""Longest id, symbol or name. The longest real ones have 88 characters (CoinGecko, 2026-05)."""

MAX_ORDINAL = 1 << 19
"""Records a payload may hold: `quote_id` is `load_id << 20 | ordinal`, its bit 19 marks a retraction."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """One observation as its source sent it.

    `ordinal` is the record's position in its payload, from 0. `observed_at` is the provider's clock, in UTC.
    Amounts are exact, in USD where the name says so; None means that the source doesn't know.
    `change_24h_percent` is in percent (1.5 is one and a half percent).
    """

    ordinal: int
    source_coin_id: str
    symbol: str
    name: str
    observed_at: datetime
    rank: int | None = None
    price_usd: Amount | None = None
    market_cap_usd: Amount | None = None
    volume_24h_usd: Amount | None = None
    change_24h_percent: Amount | None = None
    circulating_supply: Amount | None = None
    total_supply: Amount | None = None
    max_supply: Amount | None = None


def ahead_of_time(quotes: Sequence[Quote], arrived_at: datetime) -> list[Rejection]:
    """A rejection for each quote dated more than `FUTURE_TOLERANCE` after its arrival (both in UTC)."""
    limit = arrived_at + FUTURE_TOLERANCE
    return [
        Rejection(
            quote.ordinal,
            Reason.FUTURE,
            f"{quote.source_coin_id} is dated {quote.observed_at.isoformat()}, after its arrival",
        )
        for quote in quotes
        if quote.observed_at > limit
    ]


def unfit_text(*texts: str) -> str | None:
    """What makes one of `texts` unfit as an id, symbol or name; None when all are fit.

    PostgreSQL's text can't hold U+0000, and UTF-8 can't hold a lone surrogate.
    """
    if all(texts):
        joined = "".join(texts)
        if len(joined) <= MAX_TEXT and joined.isprintable():
            return None
    for text in texts:
        if not text:
            return "empty"
        if len(text) > MAX_TEXT:
            return f"longer than {MAX_TEXT} characters"
        if not text.isprintable() and ("\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            return "with a character that text can't hold"
    return None
