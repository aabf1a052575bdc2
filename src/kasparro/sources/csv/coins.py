"""Which coin a row, a column or a file's name speaks of."""

import re

import msgspec

from kasparro.sources.csv import periods

DOLLARS = frozenset(["USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD"])
"""Quote currencies that stand for the US dollar here."""

_OTHERS = frozenset(
    [
        "EUR",
        "GBP",
        "JPY",
        "KRW",
        "CNY",
        "INR",
        "BRL",
        "RUB",
        "TRY",
        "AUD",
        "CAD",
        "CHF",
        "PLN",
        "UAH",
        "ZAR",
        "BTC",
        "XBT",
        "ETH",
        "BNB",
        "DAI",
    ]
)
_QUOTES = sorted(DOLLARS | _OTHERS, key=len, reverse=True)
_SPLIT_PAIR = re.compile(rf"(?P<base>[A-Za-z0-9$.]{{1,20}})[/_:-](?P<quote>{'|'.join(_QUOTES)})", re.IGNORECASE)

_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}
"""Kraken's own tickers (support.kraken.com, "Asset naming conventions")."""

_KNOWN = dict(
    pair.split(":")
    for pair in [
        "BTC:Bitcoin",
        "ETH:Ethereum",
        "XRP:XRP",
        "LTC:Litecoin",
        "BCH:Bitcoin Cash",
        "BNB:BNB",
        "ADA:Cardano",
        "SOL:Solana",
        "DOGE:Dogecoin",
        "DOT:Polkadot",
        "AVAX:Avalanche",
        "LINK:Chainlink",
        "XMR:Monero",
        "XLM:Stellar",
        "TRX:TRON",
        "ETC:Ethereum Classic",
        "EOS:EOS",
        "DASH:Dash",
        "ZEC:Zcash",
        "XTZ:Tezos",
        "USDT:Tether",
        "USDC:USD Coin",
        "MATIC:Polygon",
        "UNI:Uniswap",
        "ATOM:Cosmos",
        "SHIB:Shiba Inu",
        "NEO:NEO",
        "XEM:NEM",
        "WAVES:Waves",
        "STRAT:Stratis",
        "MIOTA:IOTA",
        "ALGO:Algorand",
        "FIL:Filecoin",
    ]
)
"""Tickers that file names use, with the coin that they mean there; never used to join coins."""

_BY_NAME = {name.replace(" ", "").lower(): symbol for symbol, name in _KNOWN.items()} | {"ripple": "XRP"}
_CHARTS_OF_BITCOIN = ("market-price", "market_price")
"""Blockchain.com's own chart names: the site charts only Bitcoin."""

_PAREN = re.compile(r"(?P<name>.*\S)\s*\((?P<symbol>[^()\s]{1,20})\)")
_RANKED = re.compile(r"(?P<name>.+?)\d{1,4}")
_RANKED_ALONE = re.compile(r"(?P<name>.+?)\d{1,4}(?P<symbol>[A-Za-z$]\D*)")


class NamedCoin(msgspec.Struct, frozen=True, omit_defaults=True):
    """A coin for which there is no column: `id` is its listing's id, never empty."""

    id: str
    symbol: str = ""
    name: str = ""


class FromName(msgspec.Struct, frozen=True):
    """What a file's name says. `coin` is None when it names none that is known; `quote` is upper-cased."""

    coin: NamedCoin | None = None
    quote: str = ""
    period: str = ""


def named(text: str) -> NamedCoin:
    """The coin of a ticker or a name, as a file or a column is called after it."""
    symbol = alias(text.upper())
    by_name = _BY_NAME.get(re.sub(r"[^a-z0-9]", "", text.lower()))
    if symbol in _KNOWN and (by_name is None or text in (text.upper(), text.lower())):
        return NamedCoin(symbol, symbol, _KNOWN[symbol])
    return NamedCoin(text, by_name or text, text)


def is_known(text: str) -> bool:
    """Whether `text` is a ticker or a name that file names use."""
    upper = text.upper()
    return upper in _KNOWN or upper in _ALIASES or text.lower() in _BY_NAME


def alias(symbol: str) -> str:
    """The usual ticker of one that an exchange writes in its own way (XBT is BTC)."""
    return _ALIASES.get(symbol, symbol)


def split_pair(text: str) -> tuple[str, str] | None:
    """Base and quote of `BTC/USDT`, `BTC-USD` or `BTCUSDT`; None when `text` is no pair."""
    match = _SPLIT_PAIR.fullmatch(text)
    if match:
        return match["base"], match["quote"].upper()
    if not text.isalnum() or not text.isupper():
        return None
    ends = [quote for quote in _QUOTES if text.endswith(quote) and 2 <= len(text) - len(quote) <= 12]
    for quote in ends:
        if is_known(text[: -len(quote)]):
            return text[: -len(quote)], quote
    return (text[: -len(ends[0])], ends[0]) if ends else None


def from_file_name(stem: str) -> FromName:
    """What the name of a file, without its endings, says of coin, quote currency and period."""
    words = [word for word in re.split(r"[_\s.()]+", stem) if word]
    finer = [part for word in words for part in word.split("-") if part]
    period = next((p for p in map(periods.from_word, finer[1:]) if p), "")
    if any(chart in stem.lower() for chart in _CHARTS_OF_BITCOIN):
        return FromName(named("BTC"), "USD", period)
    for at, word in enumerate(words):
        pair = _pair_in(word, words[at + 1 :])
        if pair is not None:
            minutes = next((p for p in map(periods.from_minutes, words[at + 1 :]) if p), "")
            return FromName(named(pair[0].upper()), pair[1], period or minutes)
    if words[:1] == ["coin"] and len(words) == 2:
        return FromName(named(words[1]), "", period)
    known = next((part for part in finer if is_known(part)), None)
    return FromName(named(known) if known else None, "", period)


def _pair_in(word: str, following: list[str]) -> tuple[str, str] | None:
    parts = word.split("-")
    if len(parts) > 1 and (pair := split_pair("-".join(parts[:2]))):
        return pair
    glued = split_pair(parts[0].upper()) if len(parts[0]) > 4 else None
    if glued and (parts[0].isupper() or is_known(glued[0])):
        return glued
    if following and is_known(word) and following[0].upper() in _QUOTES:
        return word, following[0].upper()
    return None


def in_parentheses(text: str) -> tuple[str, str] | None:
    """Name and symbol of `Bitcoin (BTC)`."""
    match = _PAREN.fullmatch(text.strip())
    return (match["name"], match["symbol"]) if match else None


def ranked(text: str, unit: str) -> tuple[str, str] | None:
    """Name and symbol of `Bitcoin1BTC`; `unit` is the coin's unit from another cell, or empty.

    The symbol is certain when the unit repeats it. The rank between them is dropped: where a name ends in a
    digit nobody can say which digits are the rank's.
    """
    if unit and text.lower().endswith(unit.lower()):
        match = _RANKED.fullmatch(text[: -len(unit)])
        return (match["name"].strip(), text[-len(unit) :]) if match else None
    match = _RANKED_ALONE.fullmatch(text)
    return (match["name"].strip(), match["symbol"]) if match else None
