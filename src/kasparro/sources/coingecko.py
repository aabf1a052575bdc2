"""CoinGecko: `/coins/markets` for quotes, `/coins/list` for identity.

Facts from its OpenAPI of 2026-06-22 (`demo-api.json`) and from recorded answers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from kasparro.config import Settings
from kasparro.market.amount import rank
from kasparro.market.coin import Coin
from kasparro.market.quote import Quote, unfit_text
from kasparro.market.rejection import Reason
from kasparro.sources.contract import Cursor, Parsed, Payload, Request, Stream
from kasparro.sources.politeness import DAILY, Politeness
from kasparro.sources.provider import Provider
from kasparro.sources.records import RecordReader, Unfit, amounts, in_utc
from kasparro.sources.sweep import is_due, left, start_or_resume

if TYPE_CHECKING:
    from kasparro.sources.client import PoliteClient

PAGE_SIZE = 250
"""The most that `per_page` takes."""

PLANS: Mapping[str, Politeness] = {
    "keyless": Politeness(
        root="https://api.coingecko.com/api/v3", requests=5, period=60, concurrency=1, month_quota=None
    ),
    "demo": Politeness(
        root="https://api.coingecko.com/api/v3", requests=30, period=60, concurrency=2, month_quota=10_000,
        key_header="x-cg-demo-api-key",
    ),
    "pro": Politeness(
        root="https://pro-api.coingecko.com/api/v3", requests=250, period=60, concurrency=4,
        month_quota=500_000, key_header="x-cg-pro-api-key",
    ),
}  # fmt: skip
"""Keyless is limited by address, 5 to 15 calls a minute in practice; Demo is said to have 30 or 100."""


class Market(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of `/coins/markets`. Exact where a quote needs it, else typed only."""

    json_types: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("current_price", "market_cap", "market_cap_rank", "total_volume", "price_change_percentage_24h",
         "circulating_supply", "total_supply", "max_supply"), "number",
    )  # fmt: skip

    id: str
    symbol: str
    name: str
    image: str | None
    current_price: Any
    market_cap: Any
    market_cap_rank: Any
    fully_diluted_valuation: float | None
    total_volume: Any
    high_24h: float | None
    low_24h: float | None
    price_change_24h: float | None
    price_change_percentage_24h: Any
    market_cap_change_24h: float | None
    market_cap_change_percentage_24h: float | None
    circulating_supply: Any
    total_supply: Any
    max_supply: Any
    ath: float | None
    ath_change_percentage: float | None
    ath_date: str | None
    atl: float | None
    atl_change_percentage: float | None
    atl_date: str | None
    roi: dict[str, Any] | None
    last_updated: datetime


class Listed(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of `/coins/list?include_platform=true`; `platforms` maps a chain to an address or null."""

    id: str
    symbol: str | None
    name: str | None
    platforms: dict[str, str | None] = {}


def _quote(ordinal: int, record: Market) -> Quote:
    flaw = unfit_text(record.id, record.symbol, record.name)
    if flaw:
        raise Unfit(Reason.BAD_TEXT, f"id, symbol or name is {flaw}")
    price, cap, volume, change, circulating, total, most = amounts(
        (record.current_price, record.market_cap, record.total_volume, record.price_change_percentage_24h,
         record.circulating_supply, record.total_supply, record.max_supply)
    )  # fmt: skip
    return Quote(  # 0 as a market cap, a supply or a rank means "unknown" with both providers
        ordinal,
        record.id,
        record.symbol,
        record.name,
        in_utc(record.last_updated, "last_updated"),
        rank(record.market_cap_rank),
        price,
        cap or None,
        volume,
        change,
        circulating or None,
        total or None,
        most or None,
    )


def _coin(ordinal: int, record: Listed) -> Coin:
    texts = [text for text in (record.symbol, record.name) if text]
    flaw = unfit_text(record.id, *texts)
    if flaw:
        raise Unfit(Reason.BAD_TEXT, f"id, symbol or name is {flaw}")
    addresses = tuple(
        (chain, address)
        for chain, address in record.platforms.items()
        if chain and address and not unfit_text(chain, address)
    )
    return Coin(ordinal, record.id, record.symbol or None, record.name or None, True, addresses)


_MARKETS = RecordReader(
    Market,
    _quote,
    used=("market_cap", "market_cap_rank", "total_volume", "price_change_percentage_24h",
          "circulating_supply", "total_supply", "max_supply"),
    required=("id", "symbol", "name", "current_price", "last_updated"),
)  # fmt: skip
_LIST = RecordReader(Listed, _coin, used=("symbol", "name", "platforms"), required=("id",))


class CoinGecko(Provider):
    """The source `coingecko`: up to `max_coins` coins by market cap each run (up to a page's rounding), the coin
    list once a day."""

    name = "coingecko"
    parser = "coingecko/1"

    def __init__(self, client: "PoliteClient", *, max_coins: int) -> None:
        super().__init__(client)
        self._pages = -(-max_coins // PAGE_SIZE)
        self._per_page = -(-max_coins // self._pages)

    def plan(self, checkpoints: Mapping[str, Cursor], now: datetime) -> Sequence[Stream]:
        """The pages of the current sweep that are left, and the coin list when it is due."""
        committed = checkpoints.get("markets")
        size = {"pages": self._pages, "per_page": self._per_page}
        if committed and any(committed.get(name) != value for name, value in size.items()):
            committed = None  # other pages were asked for when that sweep began
        cursor = {**start_or_resume(committed, now), **size}
        pages = left(cursor, range(1, self._pages + 1))
        streams = [Stream("markets", [self._page(page) for page in pages], cursor)]
        if is_due(checkpoints.get("coins"), now, DAILY):
            request = Request("coins", "/coins/list", params={"include_platform": "true"})
            streams.append(Stream("coins", [request], start_or_resume(None, now)))
        return streams

    def parse(self, request: Request, payload: Payload) -> Parsed:
        """Quotes from `markets`, coins from `coins`. The list ends with an empty page, or where `total` says."""
        if request.stream == "coins":
            coins = _LIST.read(payload.body)
            return Parsed(coins=coins.made, rejections=coins.rejections, drift=coins.drift, whole=True)
        quotes = _MARKETS.read(payload.body)
        total = payload.about.get("total", "")
        reached = total.isdecimal() and request.position * int(request.params["per_page"]) >= int(total)
        end = reached or not (quotes.made or quotes.rejections)
        return Parsed(quotes.made, rejections=quotes.rejections, drift=quotes.drift, end=end)

    def _page(self, page: int) -> Request:
        params = {
            "vs_currency": "usd",
            "order": "market_cap_desc",
            "per_page": str(self._per_page),
            "page": str(page),
            "precision": "full",
        }
        return Request("markets", "/coins/markets", page, params)


def build_source(settings: Settings, client: Callable[[str, Politeness], "PoliteClient"]) -> CoinGecko:
    """The source under the plan that is set: else demo with a key, keyless without."""
    mine = settings.provider(CoinGecko.name)
    plan = mine.plan or ("demo" if mine.api_key else "keyless")
    return CoinGecko(client(CoinGecko.name, PLANS[plan]), max_coins=mine.max_coins or PAGE_SIZE)
