"""Header cells and the fields that they name."""

import re
import unicodedata
from collections.abc import Sequence

FIELDS = (
    *("id", "symbol", "name", "time", "price", "market_cap", "volume", "change", "rank"),
    *("circulating_supply", "total_supply", "max_supply", "quote"),
)
"""What a column may be declared as. `volume` is of 24 hours and in USD, `change` in percent of 24 hours."""

NUMBERS = ("price", "market_cap", "volume", "change", "circulating_supply", "total_supply", "max_supply")

VOCABULARY: dict[str, tuple[str, ...]] = {
    "id": ("id", "coinid", "assetid", "cryptoid", "coingeckoid", "slug", "coin", "uuid"),
    "symbol": (
        "symbol",
        "ticker",
        "coinsymbol",
        "assetsymbol",
        "cryptosymbol",
        "pair",
        "asset",
        "currency",
        "code",
    ),
    "name": ("name", "coinname", "assetname", "cryptoname", "cryptocurrency", "cryptocurrencyname", "coin"),
    "closetime": ("closetime", "timeclose"),
    "time": (
        *(
            "lastupdated",
            "lastupdatedat",
            "lastupdate",
            "unix",
            "unixtimestamp",
            "timestamp",
            "opentime",
            "timeopen",
        ),
        *("datetime", "dateutc", "date", "time", "snappedat", "snapshotat", "snapshotdate", "observedat"),
        *("updatedat", "fetchedat", "gmttime", "timeperiodstart", "data", "datum", "fecha"),
    ),
    "clock": ("time",),
    "open": ("open", "openusd", "openprice", "abertura", "apertura", "eroffn", "ouv", "ouverture"),
    "high": ("high", "highusd", "highprice", "maxima", "maximo", "massimo", "hoch", "plushaut"),
    "low": ("low", "lowusd", "lowprice", "minima", "minimo", "tief", "plusbas"),
    "close": ("close", "closeusd", "closeprice", "closelast"),
    "price": (
        *(
            "priceusd",
            "usdprice",
            "currentprice",
            "currentpriceusd",
            "price",
            "lastprice",
            "last",
            "marketprice",
        ),
        *("quoteusdprice", "quotesusdprice", "closingpriceusd", "closingprice", "rateusd", "usd", "value"),
        *("ultimo", "zuletzt", "dernier", "chiusura"),
    ),
    "market_cap": (
        *(
            "marketcapusd",
            "marketcap",
            "mktcap",
            "marketcapitalization",
            "quoteusdmarketcap",
            "quotesusdmarketcap",
        ),
        *("capmrktcurusd", "usdmarketcap"),
    ),
    "usd_volume": (
        *("volumeusd", "volumeusdt", "volumeusdc", "volumebusd", "quoteassetvolume", "quotevolume"),
        *("volume24husd", "24hvolumeusd", "totalvolumeusd"),
    ),
    "volume": (
        *(
            "volume24husd",
            "24hvolumeusd",
            "volumeusd24h",
            "volumeusd",
            "totalvolume",
            "volume24h",
            "24hvolume",
        ),
        *("quoteusdvolume24h", "quotesusdvolume24h", "usd24hvol", "volume24hours", "volume", "vol"),
    ),
    "change": (
        *("change24hpercent", "percentchange24h", "pricechangepercentage24h", "quoteusdpercentchange24h"),
        *("quotesusdpercentchange24h", "changepercent24h", "changepercent24hr", "24hpercent", "change24hpct"),
        *(
            "pricechangepercent24h",
            "24hchangepercent",
            "changepercent",
            "varpercent",
            "percentvar",
            "percent",
        ),
    ),
    "rank": ("rank", "marketcaprank", "cmcrank", "ranknow"),
    "circulating_supply": ("circulatingsupply", "availablesupply", "supplycirculating"),
    "total_supply": ("totalsupply",),
    "max_supply": ("maxsupply",),
    "quote": ("quote", "quotecurrency", "vscurrency", "quoteasset", "convert"),
}
"""Field -> the header cells that name it, the most telling first."""


def canonical(cell: str) -> str:
    """A header cell without case, accents, spaces and signs: `price(USD)` and `Price_USD` are `priceusd`."""
    plain = unicodedata.normalize("NFKD", cell.replace("%", " percent ")).casefold()
    return re.sub(r"[^a-z0-9]", "", plain)


def resolve(header: Sequence[str]) -> dict[str, int]:
    """Field -> index of the column that names it, by the vocabulary."""
    at = positions(header)
    columns = {}
    for field, names in VOCABULARY.items():
        found = next((at[name] for name in names if name in at), None)
        if found is not None:
            columns[field] = found
    if columns.get("clock") == columns.get("time") or "date" not in at or columns.get("time") != at["date"]:
        columns.pop("clock", None)
    if columns.get("id") == columns.get("name"):
        columns.pop("name", None)
    return columns


def positions(header: Sequence[str]) -> dict[str, int]:
    """Canonical header cell -> index; the first of equal ones."""
    at: dict[str, int] = {}
    for index, cell in enumerate(header):
        at.setdefault(canonical(cell), index)
    return at


def is_candle(columns: dict[str, int]) -> bool:
    """Whether the columns describe candles: an opening, a highest and a lowest price."""
    return {"open", "high", "low"} <= columns.keys() and bool({"close", "price"} & columns.keys())
