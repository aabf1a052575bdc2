"""CoinPaprika: `/tickers` for quotes, `/coins` and `/contracts` for identity.

Facts from its OpenAPI 1.7.10 and from recorded answers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from kasparro.config import Settings
from kasparro.market.amount import amount, rank
from kasparro.market.coin import Coin
from kasparro.market.quote import Quote, unfit_text
from kasparro.market.rejection import Reason
from kasparro.sources.contract import Cursor, Parsed, Payload, RefusedPayload, Request, Stream
from kasparro.sources.politeness import DAILY, WEEKLY, Politeness
from kasparro.sources.provider import Provider
from kasparro.sources.records import RecordReader, Unfit, in_utc
from kasparro.sources.sweep import is_due, left, start_or_resume

if TYPE_CHECKING:
    from kasparro.sources.client import PoliteClient

PLANS: Mapping[str, Politeness] = {
    "free": Politeness(
        root="https://api.coinpaprika.com/v1", requests=10, period=1, concurrency=2, month_quota=20_000,
        wait_after_429=5,
    ),
    "paid": Politeness(
        root="https://api-pro.coinpaprika.com/v1", requests=10, period=1, concurrency=4, month_quota=400_000,
        key_header="Authorization", wait_after_429=5,
    ),
}  # fmt: skip
"""10 requests a second and address on every plan; blocks after a 429 are short and come without a hint."""

_Text = float | Annotated[str, msgspec.Meta(max_length=0)] | None
"""A number that isn't kept; CoinPaprika writes an empty string for a missing one."""


class UsdQuote(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The USD part of a ticker. `market_cap_change_24h` is a percentage here, unlike CoinGecko's."""

    json_types: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("price", "volume_24h", "market_cap", "percent_change_24h", "volume_24h_change_24h",
         "market_cap_change_24h", "percent_change_15m", "percent_change_30m", "percent_change_1h",
         "percent_change_6h", "percent_change_12h", "percent_change_7d", "percent_change_30d",
         "percent_change_1y", "ath_price", "percent_from_price_ath"), "number",
    )  # fmt: skip

    price: Any
    volume_24h: Any
    volume_24h_change_24h: _Text
    market_cap: Any
    market_cap_change_24h: _Text
    percent_change_15m: _Text
    percent_change_30m: _Text
    percent_change_1h: _Text
    percent_change_6h: _Text
    percent_change_12h: _Text
    percent_change_24h: Any
    percent_change_7d: _Text
    percent_change_30d: _Text
    percent_change_1y: _Text
    ath_price: _Text
    ath_date: str | None
    percent_from_price_ath: _Text


class Quotes(msgspec.Struct, gc=False):
    """The `quotes` of a ticker; only USD is asked for."""

    USD: UsdQuote


class Ticker(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of `/tickers`. The fields with a default are left out by some plan or API version."""

    json_types: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("rank", "total_supply", "max_supply", "circulating_supply", "beta_value"), "number"
    )

    id: str
    name: str
    symbol: str
    rank: Any
    total_supply: Any
    max_supply: Any
    beta_value: _Text
    last_updated: datetime
    quotes: Quotes
    first_data_at: str | None = None
    circulating_supply: Any = None


class Listed(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of `/coins`: active and inactive ones; rank is 0 where there is none."""

    id: str
    name: str | None
    symbol: str | None
    rank: int | None
    is_new: bool | None
    is_active: bool | None
    type: str | None


class Contract(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One record of `/contracts/{platform}`: a coin's address on that chain."""

    address: str
    id: str
    type: str | None = None
    active: bool | None = None


def _quote(ordinal: int, record: Ticker) -> Quote:
    flaw = unfit_text(record.id, record.symbol, record.name)
    if flaw:
        raise Unfit(Reason.BAD_TEXT, f"id, symbol or name is {flaw}")
    usd = record.quotes.USD
    return Quote(  # 0 as a market cap, a supply or a rank means "unknown" with both providers
        ordinal,
        record.id,
        record.symbol,
        record.name,
        in_utc(record.last_updated, "last_updated"),
        rank(record.rank),
        amount(usd.price),
        amount(usd.market_cap) or None,
        amount(usd.volume_24h),
        amount(usd.percent_change_24h),
        amount(record.circulating_supply) or None,
        amount(record.total_supply) or None,
        amount(record.max_supply) or None,
    )


def _coin(ordinal: int, record: Listed) -> Coin:
    texts = [text for text in (record.symbol, record.name) if text]
    flaw = unfit_text(record.id, *texts)
    if flaw:
        raise Unfit(Reason.BAD_TEXT, f"id, symbol or name is {flaw}")
    return Coin(ordinal, record.id, record.symbol or None, record.name or None, record.is_active)


def _contract(ordinal: int, record: Contract) -> tuple[int, str, str]:
    flaw = unfit_text(record.id, record.address)
    if flaw:
        raise Unfit(Reason.BAD_TEXT, f"id or address is {flaw}")
    return ordinal, record.id, record.address


_TICKERS = RecordReader(
    Ticker,
    _quote,
    used=("rank", "total_supply", "max_supply", "circulating_supply", "quotes.USD.volume_24h",
          "quotes.USD.market_cap", "quotes.USD.percent_change_24h"),
    required=("id", "name", "symbol", "last_updated", "quotes.USD.price"),
)  # fmt: skip
_COINS = RecordReader(Listed, _coin, used=("name", "symbol", "is_active"), required=("id",))
_CONTRACTS = RecordReader(Contract, _contract, used=(), required=("id", "address"))


class CoinPaprika(Provider):
    """The source `coinpaprika`: all tickers of the plan each run, coins daily, contract addresses weekly."""

    name = "coinpaprika"
    parser = "coinpaprika/1"

    def __init__(self, client: "PoliteClient", *, max_coins: int | None) -> None:
        super().__init__(client)
        self._limit = {} if max_coins is None else {"limit": str(max_coins)}

    def plan(self, checkpoints: Mapping[str, Cursor], now: datetime) -> Sequence[Stream]:
        """The tickers, and the lists that are due. `/contracts` leads to one request a chain."""
        fresh = start_or_resume(None, now)
        streams = [Stream("tickers", [Request("tickers", "/tickers", params={"quotes": "USD", **self._limit})], fresh)]
        if is_due(checkpoints.get("coins"), now, DAILY):
            streams.append(Stream("coins", [Request("coins", "/coins")], fresh))
        if is_due(checkpoints.get("contracts"), now, WEEKLY):
            cursor = start_or_resume(checkpoints.get("contracts"), now)
            context = {"done": cursor["done"]}
            streams.append(Stream("contracts", [Request("contracts", "/contracts", context=context)], cursor))
        return streams

    def parse(self, request: Request, payload: Payload) -> Parsed:
        """Quotes from `tickers`, coins from `coins` and from each chain of `contracts`."""
        if request.stream == "tickers":
            quotes = _TICKERS.read(payload.body)
            return Parsed(quotes.made, rejections=quotes.rejections, drift=quotes.drift)
        if request.stream == "coins":
            coins = _COINS.read(payload.body)
            return Parsed(coins=coins.made, rejections=coins.rejections, drift=coins.drift)
        if request.path == "/contracts":
            chains = _chains(payload.body)
            wanted = left({"done": request.context.get("done", [])}, [chain.position for chain in chains])
            return Parsed(follow=[chain for chain in chains if chain.position in wanted])
        chain = request.context["chain"]
        contracts = _CONTRACTS.read(payload.body)
        made = [Coin(n, coin, addresses=((chain, address),)) for n, coin, address in contracts.made]
        return Parsed(coins=made, rejections=contracts.rejections, drift=contracts.drift)


def _chains(body: bytes) -> list[Request]:
    try:
        chains = sorted(set(msgspec.json.decode(body, type=list[str])))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedPayload(f"the list of chains is not one: {error}") from None
    return [
        Request("contracts", f"/contracts/{chain}", position, context={"chain": chain})
        for position, chain in enumerate(chains, 2)
        if not unfit_text(chain) and "/" not in chain
    ]


def build_source(settings: Settings, client: Callable[[str, Politeness], "PoliteClient"]) -> CoinPaprika:
    """The source under the paid plan when there is a key, else under the free one."""
    mine = settings.provider(CoinPaprika.name)
    plan = PLANS["paid" if mine.api_key else "free"]
    return CoinPaprika(client(CoinPaprika.name, plan), max_coins=mine.max_coins)
