"""The currencies that prices can be asked in, and their rates."""

from kasparro.sandbox.coins import Coin
from kasparro.sandbox.market import Market

# Units of the currency for one US dollar: round figures that don't move, since fiat is not what is simulated.
FIAT = {
    "usd": 1.0, "aed": 3.6725, "ars": 1450.0, "aud": 1.51, "bdt": 122.0, "bhd": 0.377, "bmd": 1.0,
    "brl": 5.4, "cad": 1.39, "chf": 0.8, "clp": 930.0, "cny": 7.08, "czk": 20.8, "dkk": 6.42,
    "eur": 0.86, "gbp": 0.76, "gel": 2.7, "hkd": 7.78, "huf": 330.0, "idr": 16700.0, "ils": 3.25,
    "inr": 89.0, "jpy": 156.0, "krw": 1470.0, "kwd": 0.307, "lkr": 305.0, "mmk": 2100.0, "mxn": 18.3,
    "myr": 4.13, "ngn": 1450.0, "nok": 10.1, "nzd": 1.74, "php": 58.5, "pkr": 281.0, "pln": 3.65,
    "rub": 79.0, "sar": 3.75, "sek": 9.45, "sgd": 1.3, "thb": 32.2, "try": 42.4, "twd": 31.3,
    "uah": 42.2, "vef": 0.0998, "vnd": 26350.0, "zar": 17.2, "xdr": 0.735, "xag": 0.0192,
    "xau": 0.000242,
}  # fmt: skip
# "usdt" is a coin but no vs_currency: CoinGecko answers 400.
CRYPTO = ("btc", "eth", "ltc", "bch", "bnb", "xrp", "xlm", "link", "dot", "sol")
_PARTS = {"bits": 1e6, "sats": 1e8}
SUPPORTED = (*CRYPTO, *FIAT, *_PARTS)
# Of CoinPaprika's quotes: fiat without the metals, and the two coins.
PAPRIKA_QUOTES = tuple(code.upper() for code in ("btc", "eth", *(c for c in FIAT if c[0] != "x")))


class Rates:
    """How many units of a currency one US dollar is."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._coins: dict[str, Coin] = {}
        for coin in reversed(market.universe.coins[:64]):
            listing = coin.gecko or coin.paprika
            if listing:
                self._coins[listing.symbol.lower()] = coin

    def per_dollar(self, code: str, moment: float) -> float:
        """`code` is a lower-case code of SUPPORTED."""
        if code in FIAT:
            return FIAT[code]
        coin = self._coins.get("btc" if code in _PARTS else code)
        price = self._market.price(coin, moment) if coin else 1.0
        return _PARTS.get(code, 1.0) / price
