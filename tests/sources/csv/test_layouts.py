"""Each known layout, on a sample of its own: the first and the last quote, exactly."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kasparro.market.quote import Quote
from kasparro.market.rejection import Reason

SAMPLES = Path(__file__).parent / "samples"
Read = Callable[..., Awaitable[Any]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quote(ordinal: int, coin: str, when: str, price: str | None, **amounts: str | int) -> Quote:
    """A quote of `id|symbol|name`; amounts as text are exact decimals."""
    exact: dict[str, Any] = {k: Decimal(v) if isinstance(v, str) else v for k, v in amounts.items()}
    source_coin_id, symbol, name = coin.split("|")
    return Quote(ordinal, source_coin_id, symbol, name, at(when), price_usd=Decimal(price) if price else None, **exact)


def long(cap: str | None = None, volume: str | None = None, **others: str | int) -> dict[str, str | int]:
    named = {"market_cap_usd": cap, "volume_24h_usd": volume}
    return {**{k: v for k, v in named.items() if v is not None}, **others}


ETHEREUM = "Ethereum|ETH|Ethereum"
CASES = [
    (
        "coin_Cardano.csv",
        "kaggle-coin",
        "1d",
        quote(0, "ADA|ADA|Cardano", "2020-05-01T23:59:59", "0.0512345678901234", **long("1330000000.25", "61000000.5")),
        quote(1, "ADA|ADA|Cardano", "2020-05-02T23:59:59", "0.0520", **long(None, "58000000")),
    ),
    (
        "eth-usd-max.csv",
        "coingecko-export",
        "",
        quote(0, "ETH|ETH|Ethereum", "2016-02-03", "2.4102", **long("184000000", "2500000.5")),
        quote(1, "ETH|ETH|Ethereum", "2016-02-04", "2.45", **long(None, "0.0")),
    ),
    (
        "LTC_All_graph_coinmarketcap.csv",
        "coinmarketcap-export",
        "1mo",
        quote(0, "LTC|LTC|Litecoin", "2020-02-01", "110.75", **long("200000")),
        quote(1, "LTC|LTC|Litecoin", "2020-03-01", "125"),
    ),
    (
        "ETH_export_coinmarketcap.csv",
        "coinmarketcap-export-2024",
        "1d",
        quote(
            0,
            "ETH|ETH|Ethereum",
            "2024-01-01T23:59:59.999",
            "2352.25",
            **long("282000000000", "7000000000", circulating_supply="120180000"),
        ),
        quote(
            1,
            "ETH|ETH|Ethereum",
            "2024-01-02T23:59:59.999",
            "2355.5",
            **long("283000000000", "9000000000", circulating_supply="120180000"),
        ),
    ),
    (
        "eth_coinmetrics.csv",
        "coinmetrics-legacy",
        "",
        quote(0, "ETH|ETH|Ethereum", "2015-08-07", None),
        quote(1, "ETH|ETH|Ethereum", "2015-08-08", "2.77", **long("167100000")),
    ),
    (
        "ada.csv",
        "coinmetrics",
        "1d",
        quote(0, "ADA|ADA|Cardano", "2020-01-02", "0.0331", **long("1030000000.5")),
        quote(1, "ADA|ADA|Cardano", "2020-01-03", "0.0328"),
    ),
    (
        "Binance_ETHUSDT_1h.csv",
        "cryptodatadownload",
        "1h",
        quote(0, "ETH|ETH|ETH", "2022-01-01T01:00", "3723.96"),
        quote(1, "ETH|ETH|ETH", "2022-01-01T02:00", "3696.05"),
    ),
    (
        "Binance_ETHUSDT_d.csv",
        "cryptodatadownload",
        "1d",
        quote(0, "ETH|ETH|ETH", "2022-01-03", "3829.22", **long(None, "803000000.125")),
        quote(1, "ETH|ETH|ETH", "2022-01-02", "3765.54", **long(None, "755000000.5")),
    ),
    (
        "Ethereum Historical Data.csv",
        "investing.com",
        "1d",
        quote(0, ETHEREUM, "2024-07-01", "3438.90", change_24h_percent="1.83"),
        quote(1, ETHEREUM, "2024-06-30", "3377.00", change_24h_percent="-0.04"),
    ),
    (
        "Ethereum Dados.csv",
        "investing.com-pt",
        "1d",
        quote(0, ETHEREUM, "2024-07-01", "3438.90", change_24h_percent="1.83"),
        quote(1, ETHEREUM, "2024-06-30", "3377.00", change_24h_percent="-0.04"),
    ),
    (
        "ETHUSD_60.csv",
        "kraken",
        "1h",
        quote(0, "ETH|ETH|Ethereum", "2021-03-30T01:00", "1815.25"),
        quote(2, "ETH|ETH|Ethereum", "2021-03-30T06:00", "1829.9"),
    ),
    (
        "BTCUSDT-1d-2025-01.csv",
        "binance-klines",
        "1d",
        quote(0, "BTC|BTC|Bitcoin", "2025-01-01T23:59:59.999999", "94591.79", **long(None, "975444950.70718270")),
        quote(1, "BTC|BTC|Bitcoin", "2025-01-02T23:59:59.999999", "96984.79", **long(None, "2118118610.87")),
    ),
    (
        "market-price.csv",
        "blockchain.com",
        "",
        quote(0, "BTC|BTC|Bitcoin", "2010-08-18", "0.074"),
        quote(1, "BTC|BTC|Bitcoin", "2010-08-20", "0.0667"),
    ),
    (
        "coinmarketcap_ticker.csv",
        "coinmarketcap-ticker",
        "",
        quote(
            0,
            "bitcoin|BTC|Bitcoin",
            "2017-12-06T08:39:14",
            "12739.5",
            **long("213049000000", "9007640000", rank=1, change_24h_percent="7.33"),
            circulating_supply="16723525",
            total_supply="16723525",
            max_supply="21000000",
        ),
        quote(1, "unknown-coin|UNK|Unknown", "2017-12-06T08:39:13", "0.000025", rank=900),
    ),
    (
        "coingecko_markets.csv",
        "coingecko-markets",
        "",
        quote(
            0,
            "bitcoin|btc|Bitcoin",
            "2026-06-06T08:34:35.524",
            "61331.0",
            **long("1229198807753", "68510763438.0", rank=1, change_24h_percent="-2.18577"),
            circulating_supply="20039087.0",
            total_supply="20039087.0",
            max_supply="21000000.0",
        ),
        quote(
            1,
            "golem|glm|Golem",
            "2026-06-06T08:34:30.438",
            "0.110124",
            **long("109980436", "9560941.0", rank=250, change_24h_percent="-4.97012", circulating_supply="1000000000"),
        ),
    ),
    (
        "coins_universe.csv",
        "coingecko-universe",
        "",
        quote(
            0,
            "SQD (sqd)|sqd|SQD",
            "2026-02-28T15:15:59.797699",
            "0.03540412",
            **long(None, "3409362.0", circulating_supply="1004350009.749072"),
            total_supply="1337000000",
            max_supply="1337000000",
        ),
        quote(
            1, "Squid (sqd)|sqd|Squid", "2026-02-28T15:15:38", "0.00000286", **long(None, "1.43", total_supply="1e76")
        ),
    ),
    (
        "All_Crypto.csv",
        "wide",
        "1d",
        quote(0, "BitCoin|BTC|BitCoin", "2017-09-06", "4376.53"),
        quote(5, "Waves|WAVES|Waves", "2017-09-05", "4.66"),
    ),
    (
        "BTC-USD.csv",
        "yahoo-finance",
        "1d",
        quote(0, "BTC|BTC|Bitcoin", "2014-09-18", "457.334015", **long(None, "21056800")),
        quote(1, "BTC|BTC|Bitcoin", "2014-09-19", "424.440002", **long(None, "34483200")),
    ),
    (
        "ticker.csv",
        "ticker-value",
        "",
        quote(0, "BTC|BTC|BTC", "2024-01-15", "45000.50", **long("850000000000", "25000000000")),
        quote(0, "BTC|BTC|BTC", "2024-01-15", "45000.50", **long("850000000000", "25000000000")),
    ),
    (
        "name_value.csv",
        "name-value",
        "",
        quote(0, "BTC|BTC|Bitcoin", "2024-12-10T08:00", "43250"),
        quote(1, "XRP|XRP|Ripple", "2024-12-10T09:00", "2.45"),
    ),
]


@pytest.mark.parametrize(("name", "layout", "period", "first", "last"), CASES, ids=[case[0] for case in CASES])
async def test_layout(read: Read, name: str, layout: str, period: str, first: Quote, last: Quote) -> None:
    result = await read(SAMPLES / name)
    assert result.rejections == []
    assert (result.quotes[0], result.quotes[-1]) == (first, last)
    (stream,) = result.streams
    (request,) = stream.requests
    assert f"read as {layout}" in stream.notes[0]
    assert request.period == period
    assert request.dataset == stream.name.removeprefix("file:") == Path(name).stem + (f"@{period}" if period else "")


UNDATED = [
    ("crypto-markets.csv", "coinmarketcap-history", ["bitcoin|BTC|Bitcoin|134.21", "litecoin|LTC|Litecoin|4.35"]),
    (
        "coinmarketcap_scrape.csv",
        "coinmarketcap-scrape",
        [
            "Bitcoin (BTC)|BTC|Bitcoin|27992.29",
            "3air (3AIR)|3AIR|3air|0.006108",
            "nUSD (HotBit) (nUSD)|nUSD|nUSD (HotBit)|0.9996",
        ],
    ),
    (
        "coingecko_tokens.csv",
        "coingecko-tokens",
        ["METADIUM (META)|META|METADIUM|0.04", "METAVERSE (META)|META|METAVERSE|1.04933E-7"],
    ),
    ("id_name.csv", "listing-snapshot", ["bitcoin|bitcoin|Bitcoin|42000.50", "cardano|cardano|Cardano|0.48"]),
    ("asset_id.csv", "listing-snapshot", ["btc-bitcoin|BTC|Bitcoin|88000"]),
    ("ranked.csv", "listing-snapshot-ranked", ["bitcoin|BTC|Bitcoin|43250.50", "polygon|MATIC|Polygon|0.89"]),
]


@pytest.mark.parametrize(("name", "layout", "expected"), UNDATED, ids=[case[0] for case in UNDATED])
async def test_rows_without_a_date_take_the_file_s_time(
    read: Read, write: Callable[..., Path], name: str, layout: str, expected: list[str]
) -> None:
    file = write(name, (SAMPLES / name).read_bytes())
    result = await read(file)
    assert [f"{q.source_coin_id}|{q.symbol}|{q.name}|{q.price_usd}" for q in result.quotes] == expected
    assert {q.observed_at for q in result.quotes} == {datetime(2026, 11, 20, 8, 30, tzinfo=UTC)}
    assert "they take the file's time of modification" in result.notes
    assert f"read as {layout}" in result.notes


async def test_scrape_keeps_the_precise_number_and_rejects_shortened_ones(read: Read) -> None:
    result = await read(SAMPLES / "coinmarketcap_scrape.csv")
    bitcoin = result.quotes[0]
    assert (bitcoin.market_cap_usd, bitcoin.circulating_supply) == (Decimal(541426059990), Decimal(19362043))
    assert (bitcoin.volume_24h_usd, bitcoin.change_24h_percent, bitcoin.rank) == (None, None, None)
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(2, Reason.BAD_NUMBER)]


async def test_missing_cell_of_a_wide_file_is_an_observation(read: Read) -> None:
    result = await read(SAMPLES / "All_Crypto.csv")
    assert [(q.ordinal, q.source_coin_id, q.price_usd) for q in result.quotes[3:]] == [
        (3, "BitCoin", Decimal("4236.31")),
        (4, "Ripple", None),
        (5, "Waves", Decimal("4.66")),
    ]
