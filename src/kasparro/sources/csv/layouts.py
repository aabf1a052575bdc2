"""The file layouts that are known by themselves: values, not code.

A layout is known by its header cells. Columns come from the vocabulary of `headers`; a layout only says where
its files differ from what those words usually mean.
"""

from collections.abc import Mapping, Sequence

import msgspec

from kasparro.sources.csv.headers import canonical, positions
from kasparro.sources.csv.periods import DAY


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One known layout.

    `needs` are canonical header cells that must all be there, `lacks` those that must not; `columns` maps a
    field to the header cell that holds it, `drops` are fields whose column doesn't mean what it's called;
    `period` is the candles' period where it's fixed, `opens` whether its stamps are the moment of opening
    (None: told by the stamps); `identity` are the fields that together name a coin; `usd_volume`
    tells that `volume` is of one day and in USD; `pairs` that `symbol` holds pairs such as BTCUSDT; `glued`
    how a name cell carries its symbol; `glued_numbers` are fields that hold a number twice; `undated` that
    its candles may come without a date.
    """

    name: str
    needs: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    columns: Mapping[str, str] = {}
    drops: frozenset[str] = frozenset()
    period: str = ""
    opens: bool | None = None
    identity: tuple[str, ...] = ()
    usd_volume: bool = False
    pairs: bool = False
    glued: str = ""
    glued_numbers: tuple[str, ...] = ()
    undated: bool = False
    notes: tuple[str, ...] = ()


def _cells(text: str) -> frozenset[str]:
    return frozenset(map(canonical, text.split(",")))


HEADED = (
    Layout(
        name="kaggle-coin",
        needs=_cells("SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap"),
        period=DAY,
        usd_volume=True,
    ),
    Layout(name="coingecko-export", needs=_cells("snapped_at,price,market_cap,total_volume")),
    Layout(
        name="coinmarketcap-export-2024",
        needs=_cells("timeOpen,timeClose,timeHigh,timeLow,open,high,low,close,volume,marketCap"),
        drops=frozenset(["name", "id"]),
        usd_volume=True,
        notes=("its `name` column holds the id of the quote currency; the coin is taken from the file's name",),
    ),
    Layout(
        name="coinmarketcap-export",
        needs=_cells("name,open,high,low,close,volume,marketCap,timestamp"),
        lacks=_cells("symbol,date"),
        drops=frozenset(["name", "id"]),
        usd_volume=True,
        notes=("its `name` column holds the id of the quote currency; the coin is taken from the file's name",),
    ),
    Layout(
        name="coinmetrics-legacy",
        needs=_cells("date,txVolume(USD),marketcap(USD),price(USD)"),
        drops=frozenset(["volume"]),
        notes=("price and market cap are of 00:00 UTC; exchangeVolume is of the day that follows and isn't read",),
    ),
    Layout(
        name="coinmetrics",
        needs=_cells("time,PriceUSD"),
        period=DAY,
        opens=True,
        notes=("PriceUSD is the price at the end of the day",),
    ),
    Layout(name="coinmetrics", needs=_cells("date,PriceUSD,CapMrktCurUSD"), period=DAY, opens=True),
    Layout(name="cryptodatadownload", needs=_cells("unix,date,symbol,open,high,low,close"), pairs=True),
    Layout(name="cryptodatadownload", needs=_cells("Unix Timestamp,date,symbol,open,high,low,close"), pairs=True),
    Layout(name="cryptodatadownload", needs=_cells("date,symbol,open,high,low,close,Volume USD"), pairs=True),
    Layout(name="cryptodatadownload", needs=_cells("date,symbol,open,high,low,close,Volume USDT"), pairs=True),
    Layout(name="investing.com", needs=_cells("Date,Price,Open,High,Low,Vol.,Change %")),
    Layout(name="investing.com-pt", needs=_cells("Data,Último,Abertura,Máxima,Mínima,Vol.,Var%")),
    Layout(name="investing.com-es", needs=_cells("Fecha,Último,Apertura,Máximo,Mínimo,Vol.,% var.")),
    Layout(name="investing.com-it", needs=_cells("Data,Ultimo,Apertura,Massimo,Minimo,Vol.,Var. %")),
    Layout(name="investing.com-de", needs=_cells("Datum,Zuletzt,Eröffn.,Hoch,Tief,Vol.,+/- %")),
    Layout(name="investing.com-fr", needs=_cells("Date,Dernier,Ouv.,Plus Haut,Plus Bas,Vol.,Variation %")),
    Layout(name="blockchain.com", needs=_cells("Timestamp,market-price")),
    Layout(
        name="coinmarketcap-history",
        needs=_cells("slug,symbol,name,ranknow,open,high,low,close,volume,market,close_ratio,spread"),
        columns={"market_cap": "market"},
        period=DAY,
        usd_volume=True,
        undated=True,
    ),
    Layout(
        name="coinmarketcap-ticker",
        needs=_cells("24h_volume_usd,available_supply,id,last_updated,market_cap_usd,percent_change_24h,price_usd"),
    ),
    Layout(
        name="coinmarketcap-scrape",
        needs=_cells("Name,Price,OneH,TwentyfourH,SevenD,MarketCap,Volume,CirculatingSupply"),
        columns={"unit": "volume"},
        drops=frozenset(["volume", "change"]),
        identity=("name", "symbol"),
        glued="ranked",
        glued_numbers=("market_cap",),
        notes=(
            "its Volume cells glue two numbers and its percentages have lost their sign: neither is read",
            "name, rank and symbol are taken apart; a coin is known by name and symbol together",
        ),
    ),
    Layout(name="coingecko-markets", needs=_cells("id,symbol,name,current_price,market_cap,total_volume")),
    Layout(
        name="coingecko-tokens",
        needs=_cells("symbol,name,address,market_cap,price_usd,decimals"),
        identity=("name", "symbol"),
        notes=("symbols are shared by several coins here: a coin is known by name and symbol together",),
    ),
    Layout(
        name="coingecko-universe",
        needs=_cells("coin_id,name,symbol,price,market_cap,volume,high_24h,low_24h,ath,timestamp"),
        drops=frozenset(["id", "market_cap"]),
        identity=("name", "symbol"),
        notes=(
            "its coin_id is only the symbol, which coins share: a coin is known by name and symbol together",
            "its market_cap is the fully diluted valuation and isn't read",
        ),
    ),
    Layout(
        name="yahoo-finance",
        needs=_cells("Date,Open,High,Low,Close,Adj Close,Volume"),
        usd_volume=True,
    ),
    Layout(name="binance-klines", needs=_cells("open_time,open,high,low,close,close_time")),
    Layout(
        name="bitstamp-kaggle",
        needs=_cells("Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price"),
    ),
    Layout(
        name="coindesk",
        needs=_cells("Currency,Date,Closing Price (USD),24h Open (USD),24h High (USD),24h Low (USD)"),
        columns={"open": "24hopenusd", "high": "24hhighusd", "low": "24hlowusd", "close": "closingpriceusd"},
        period=DAY,
    ),
    Layout(name="ticker-value", needs=_cells("ticker,price,vol,date,market_cap")),
    Layout(name="name-value", needs=_cells("id,name,value,timestamp")),
    Layout(
        name="kasparro",
        needs=_cells("id,symbol,name,price_usd,market_cap_usd,volume_24h_usd,change_24h_percent,last_updated"),
    ),
    Layout(
        name="listing-snapshot-ranked",
        needs=_cells("id,name,symbol,price_usd,market_cap_usd,volume_24h_usd,rank,percent_change_24h"),
    ),
    Layout(name="listing-snapshot", needs=_cells("id,name,price_usd,market_cap_usd,volume_24h_usd")),
    Layout(name="listing-snapshot", needs=_cells("asset_id,symbol,name,price_usd,market_cap_usd,volume_24h_usd")),
)
"""Layouts with a header."""


class Headerless(msgspec.Struct, frozen=True, kw_only=True):
    """A layout without a header, known by what its columns hold.

    `kinds` has a letter per column: `t` a moment, `n` a number, `i` a whole number, `.` anything. `columns`
    are the fields in that order (empty: not read). Candles must also keep low <= open, close <= high.
    """

    name: str
    kinds: str
    columns: tuple[str, ...]


HEADLESS = (
    Headerless(
        name="binance-klines",
        kinds="tnnnnntninn.",
        columns=("time", "open", "high", "low", "close", "", "closetime", "usd_volume", "", "", "", ""),
    ),
    Headerless(name="kraken", kinds="tnnnnni", columns=("time", "open", "high", "low", "close", "", "")),
    Headerless(name="kraken", kinds="tnnnnnni", columns=("time", "open", "high", "low", "close", "", "", "")),
    Headerless(name="klines", kinds="tnnnnn", columns=("time", "open", "high", "low", "close", "")),
    Headerless(name="bitfinex-candles", kinds="tnnnnn", columns=("time", "open", "close", "high", "low", "")),
    Headerless(name="klines", kinds="tnnnn", columns=("time", "open", "high", "low", "close")),
    Headerless(name="blockchain.com", kinds="tn", columns=("time", "price")),
    Headerless(name="bitcoincharts-trades", kinds="tnn", columns=("time", "price", "")),
)
"""Layouts without a header, the most telling first."""


def known_layout(header: Sequence[str]) -> Layout | None:
    """The most telling layout whose header cells are all in `header`."""
    cells = positions(header).keys()
    fitting = [layout for layout in HEADED if layout.needs <= cells and not layout.lacks & cells]
    return max(fitting, key=lambda layout: len(layout.needs), default=None)
