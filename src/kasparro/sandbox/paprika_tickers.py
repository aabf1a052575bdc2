"""One record of CoinPaprika's `/tickers`, number by number.

Shape and spelling follow CoinPaprika's published schema `tick` and recorded tickers of 2020 to 2024.
"""

from dataclasses import dataclass

from kasparro.sandbox.answers import quote
from kasparro.sandbox.clock import seconds_text
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market, Side
from kasparro.sandbox.noise import DAY, mix
from kasparro.sandbox.numerals import go, places, whole

_SPANS = {
    "15m": 900, "30m": 1_800, "1h": 3_600, "6h": 21_600, "12h": 43_200,
    "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "1y": 365 * DAY,
}  # fmt: skip
_LARGEST_PERCENT = 9_999.99
_CRYPTO = ("BTC", "ETH")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote currency, upper case, and its units per US dollar."""

    code: str
    rate: float


def record(market: Market, coin: Coin, rank: int | None, tick: int, quotes: tuple[Quote, ...], *, paid: bool) -> bytes:
    """The ticker of one coin listed by CoinPaprika, as JSON text. Free tickers have no circulating supply."""
    listing = coin.paprika
    assert listing is not None
    seen = float(int(market.seen(coin, Side.PAPRIKA, tick)))
    price = market.quoted(coin, Side.PAPRIKA, seen)
    missing = coin.chance(1) < 0.01
    beta = '""' if missing else places(coin.beta * coin.volatility / 1.5 - 0.2, 6)
    circulating = f'"circulating_supply":{whole(coin.circulating)},' if paid else ""
    total = '""' if missing else _supply(coin.total)
    bodies = ",".join(f'"{q.code}":{_quote(market, coin, seen, price, q)}' for q in quotes)
    return (
        f'{{"id":{quote(listing.id)},"name":{quote(listing.name)},"symbol":{quote(listing.symbol)},'
        f'"rank":{rank or 0},{circulating}"total_supply":{total},"max_supply":{_supply(coin.maximum)},'
        f'"beta_value":{beta},"first_data_at":"{seconds_text(coin.since)}",'
        f'"last_updated":"{seconds_text(seen)}","quotes":{{{bodies}}}}}'
    ).encode()


def _supply(supply: float) -> str:
    return whole(supply) if supply < 1e21 else go(supply, 17)


def _quote(market: Market, coin: Coin, seen: float, price: float, quoted: Quote) -> str:
    rate = quoted.rate
    dice = mix(coin.traits, coin.index, int(seen))
    changes = {name: _percent(market, coin, seen, price, span) for name, span in _SPANS.items()}
    high, _ = market.high_and_low(coin)
    if quoted.code in _CRYPTO:
        ath = '"ath_price":null,"ath_date":null,"percent_from_price_ath":null'
    elif coin.chance(4) < 0.003:
        ath = '"ath_price":"","ath_date":"","percent_from_price_ath":""'
    else:
        at = seconds_text(coin.peaked)
        ath = (
            f'"ath_price":{go(high * rate, 16)},"ath_date":"{at}",'
            f'"percent_from_price_ath":{places((price / high - 1.0) * 100.0, 2)}'
        )
    spans = ",".join(f'"percent_change_{name}":{text}' for name, text in changes.items())
    return (
        f'{{"price":{go(price * rate, 15 + dice % 6)},'
        f'"volume_24h":{go(market.volume(coin, seen) * rate, 15 + dice % 3)},'
        f'"volume_24h_change_24h":{places((dice >> 8) % 9_000 / 100 - 40, 2)},'
        f'"market_cap":{whole(price * coin.circulating * rate)},"market_cap_change_24h":{changes["24h"]},'
        f"{spans},{ath}}}"
    )


def _percent(market: Market, coin: Coin, seen: float, price: float, span: int) -> str:
    if seen - span < coin.since:
        return "0"
    change = market.change(coin, seen, price, span)
    return places(max(-_LARGEST_PERCENT, min(_LARGEST_PERCENT, change)), 2)
