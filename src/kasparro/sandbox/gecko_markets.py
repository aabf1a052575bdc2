"""One record of CoinGecko's `/coins/markets`, number by number.

Nullability, the mix of whole and broken numbers and the share of nulls follow CoinGecko's published schema
`CoinsMarkets` and recorded pages of 2022 to 2025.
"""

from dataclasses import dataclass

from kasparro.sandbox.answers import quote
from kasparro.sandbox.clock import millis_text
from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market, Side
from kasparro.sandbox.noise import DAY, mix
from kasparro.sandbox.numerals import places, ruby, whole

_IMAGES = "https://coin-images.coingecko.com/coins/images"
CHANGES = {
    "1h": 3_600,
    "24h": DAY,
    "7d": 7 * DAY,
    "14d": 14 * DAY,
    "30d": 30 * DAY,
    "200d": 200 * DAY,
    "1y": 365 * DAY,
}


@dataclass(frozen=True, slots=True)
class View:
    """What one request wants to see: the tick, the currency's units per US dollar, and optional fields.

    `precision` is None (CoinGecko's own rounding), "full", or a number of places.
    """

    tick: int
    rate: float = 1.0
    precision: str | None = None
    changes: tuple[str, ...] = ()
    sparkline: bool = False
    rehypothecated: bool = False


@dataclass(frozen=True, slots=True)
class Glance:
    """One look at a coin: the moment, its USD price then, and the random bits that choose its spelling."""

    seen: float
    price: float
    dice: int


def price_text(price: float, precision: str | None, dice: int = 1) -> str:
    """A price: whole when large, two places when middling, six digits when small; one in eight unrounded."""
    if precision == "full" or (precision is None and dice % 8 == 0):
        return ruby(price, 17 + dice // 8 % 4)
    if precision is not None:
        return places(price, int(precision))
    if price >= 10_000:
        return whole(price)
    return places(price, 2) if price >= 1 else ruby(price, 4 + dice % 3)


def amount_text(amount: float, dice: int) -> str:
    """A market cap or volume: whole mostly, one in ten broken, scientific when huge."""
    if amount >= 1e15:
        return ruby(amount, 4)
    if amount and (dice % 10 == 0 or amount < 1):
        return ruby(amount, 12 + dice % 6)
    return whole(amount)


def record(market: Market, coin: Coin, rank: int | None, view: View) -> bytes:
    """The record of one coin listed by CoinGecko, as JSON text. `rank` is None for a coin of unknown cap."""
    listing = coin.gecko
    assert listing is not None
    seen = market.seen(coin, Side.GECKO, view.tick)
    dice = mix(coin.traits, coin.index, int(seen))
    price = market.quoted(coin, Side.GECKO, seen)
    glance = Glance(seen, price, dice)
    dead = rank is not None and rank > 100 and coin.chance(1) < 0.005
    total_unknown = coin.chance(2) < 0.06
    numbers = _moving(market, coin, glance, view)
    if dead:
        numbers = dict.fromkeys(numbers, "null") | {"market_cap": numbers["market_cap"]}
    fully = "null" if total_unknown or coin.chance(3) < 0.4 else amount_text(price * coin.total * view.rate, dice >> 8)
    fields = {
        "id": quote(listing.id),
        "symbol": quote(listing.symbol),
        "name": quote(listing.name),
        "image": f'"{_IMAGES}/{coin.index + 1}/large/{listing.id}.png?{coin.since}"',
        "current_price": numbers.pop("current_price"),
        "market_cap": numbers.pop("market_cap"),
        "market_cap_rank": "null" if rank is None else str(rank),
        "fully_diluted_valuation": fully,
        **numbers,
        "circulating_supply": ruby(coin.circulating, 16),
        "total_supply": "null" if total_unknown else ruby(coin.total, 16),
        "max_supply": ruby(coin.maximum, 16) if coin.maximum else "null",
        **_extremes(market, coin, price, view),
        "roi": _roi(coin, dice),
        "last_updated": f'"{millis_text(seen)}"',
        **_optional(market, coin, rank, glance, view),
    }
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}").encode()


def _moving(market: Market, coin: Coin, glance: Glance, view: View) -> dict[str, str]:
    seen, price, dice = glance.seen, glance.price, glance.dice
    rate, precision = view.rate, view.precision
    cap = coin.circulating * price
    before = market.price(coin, seen - DAY)
    high, low = market.day_range(coin, seen, price)
    delta = price - before
    percent = delta / before * 100.0
    return {
        "current_price": price_text(price * rate, precision, dice),
        "market_cap": amount_text(cap * rate, dice >> 4),
        "total_volume": amount_text(market.volume(coin, seen) * rate, dice >> 24),
        "high_24h": price_text(high * rate, precision, dice),
        "low_24h": price_text(low * rate, precision, dice),
        "price_change_24h": ruby(delta * rate, 15 + dice % 3),
        "price_change_percentage_24h": places(percent, 5),
        "market_cap_change_24h": ruby(delta * coin.circulating * rate, 14)
        if dice % 5 == 0
        else whole(delta * coin.circulating * rate),
        "market_cap_change_percentage_24h": places(percent, 5),
    }


def _extremes(market: Market, coin: Coin, price: float, view: View) -> dict[str, str]:
    if coin.chance(4) < 0.003:
        return dict.fromkeys(
            ("ath", "ath_change_percentage", "ath_date", "atl", "atl_change_percentage", "atl_date"), "null"
        )
    high, low = market.high_and_low(coin)
    return {
        "ath": price_text(high * view.rate, view.precision),
        "ath_change_percentage": places((price / high - 1.0) * 100.0, 5),
        "ath_date": f'"{millis_text(coin.peaked + 0.849)}"',
        "atl": price_text(low * view.rate, view.precision),
        "atl_change_percentage": places((price / low - 1.0) * 100.0, 5),
        "atl_date": f'"{millis_text(coin.since)}"',
    }


def _roi(coin: Coin, dice: int) -> str:
    if coin.chance(5) < 0.86:
        return "null"
    times = (dice >> 28) % 100_000_000 / 1e6 - 0.9
    money = ("btc", "eth", "usd")[coin.index % 3]
    return f'{{"times":{ruby(times, 16)},"currency":"{money}","percentage":{ruby(times * 100, 15)}}}'


def _optional(market: Market, coin: Coin, rank: int | None, glance: Glance, view: View) -> dict[str, str]:
    seen, price = glance.seen, glance.price
    fields = {}
    if view.rehypothecated:
        fields["market_cap_rank_with_rehypothecated"] = "null" if rank is None else str(rank)
    if view.sparkline:
        points = (market.price(coin, (seen // 3_600 - back) * 3_600) * view.rate for back in range(167, -1, -1))
        fields["sparkline_in_7d"] = '{"price":[' + ",".join(ruby(point, 16) for point in points) + "]}"
    for name in view.changes:
        young = seen - coin.since < CHANGES[name]
        change = "null" if young else ruby(market.change(coin, seen, price, CHANGES[name]), 16)
        fields[f"price_change_percentage_{name}_in_currency"] = change
    return fields
