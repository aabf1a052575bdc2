"""Files of further layouts, and what is refused because it isn't in dollars or names no coin."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kasparro.market.rejection import Reason

Read = Callable[..., Awaitable[Any]]


async def test_bundled_sample(read: Read) -> None:
    result = await read(Path(__file__).parents[3] / "data" / "crypto_sample.csv")
    assert (len(result.quotes), result.rejections) == (20, [])
    smallest = next(q for q in result.quotes if q.symbol == "BABYDOGE")
    assert smallest.price_usd == Decimal("0.000000001094872")
    assert (result.quotes[-1].price_usd, result.quotes[-1].rank, result.quotes[-1].max_supply) == (None, None, None)
    assert {q.observed_at for q in result.quotes} == {datetime(2026, 11, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ETHEUR_1440.csv", "1617062400,1,2,1,1.5,9,3\n1617148800,1.5,2,1,1.5,9,3\n"),
        ("eth-eur-max.csv", "snapped_at,price,market_cap,total_volume\n2016-02-03 00:00:00 UTC,2.4,1,1\n"),
        ("ETHBTC-1h.csv", "1617062400,1,2,1,1.5,9\n1617066000,1.5,2,1,1.5,9\n"),
    ],
)
async def test_other_currencies_are_refused(read: Read, write: Callable[..., Path], name: str, text: str) -> None:
    with pytest.raises(Exception, match=r'its name says that prices are in (EUR|BTC); .*set quote = "USD"'):
        await read(write(name, text))


async def test_pairs_of_other_currencies_are_rejected(read: Read, write: Callable[..., Path]) -> None:
    text = "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume EUR\n"
    rows = "".join(
        f"{1640995200 + i * 86400},2022-01-0{i + 1},BTC{q},1,2,1,1.5,9,9\n" for i, q in enumerate(["EUR", "USD"])
    )
    result = await read(write("mixed.csv", text + rows))
    assert [(r.ordinal, r.reason) for r in result.rejections] == [(0, Reason.BAD_TEXT)]
    assert "priced in EUR" in result.rejections[0].detail
    assert [q.source_coin_id for q in result.quotes] == ["BTC"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
async def test_plain_files_of_any_delimiter(read: Read, write: Callable[..., Path], separator: str) -> None:
    rows = [
        ["Ticker", "Price (USD)", "Market Cap", "Date"],
        ["BTC", "1.5", "2B", "2024-01-02"],
        ["ETH", "2", "-", "2024-01-02"],
    ]
    result = await read(write("list.csv", "\n".join(separator.join(row) for row in rows)))
    assert [(q.source_coin_id, q.price_usd, q.market_cap_usd) for q in result.quotes] == [
        ("BTC", Decimal("1.5"), Decimal(2_000_000_000)),
        ("ETH", Decimal(2), None),
    ]


async def test_symbols_that_coins_share_are_told_apart(read: Read, write: Callable[..., Path]) -> None:
    result = await read(write("list.csv", "symbol,name,price\nBTC,Bitcoin,98000\nBTC,Fake Coin,0.1\n"))
    assert [q.source_coin_id for q in result.quotes] == ["Bitcoin (BTC)", "Fake Coin (BTC)"]
    assert "known by name and symbol together" in result.notes


MORE = {
    "coindesk_BTC.csv": (
        "Currency,Date,Closing Price (USD),24h Open (USD),24h High (USD),24h Low (USD)\n"
        "BTC,2013-10-01,123.65499,124.30466,124.75166,122.56349\n",
        "BTC|2013-10-02T00:00:00|123.65499",
    ),
    "BTCUSD.tsv": (
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n2024.01.01\t10:00:00\t1\t2\t1\t1.5\n"
        "2024.01.01\t11:00:00\t1\t2\t1\t1.6\n",
        "BTC|2024-01-01T11:00:00|1.5",
    ),
    "Coinbase_ETHUSD_1h.csv": (
        "https://www.CryptoDataDownload.com\nDate,Symbol,Open,High,Low,Close,Volume ETH,Volume USD\n"
        "2020-03-01 11-PM,ETHUSD,218.1,218.9,217,217.9,1000,21000\n",
        "ETH|2020-03-02T00:00:00|217.9",
    ),
    "listings.csv": (
        "id,name,symbol,slug,last_updated,quote.USD.price\n1,Bitcoin,BTC,bitcoin,2023-01-01T00:00:00.000Z,16500.5\n",
        "bitcoin|2023-01-01T00:00:00|16500.5",
    ),
    "Bitcoin.csv": (
        '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"\n'
        '"31.12.2023","42.265,2","42.150,4","42.880,9","41.971,8","41,23K","0,27%"\n',
        "Bitcoin|2024-01-01T00:00:00|42265.2",
    ),
    "top.csv": (
        "#,Name,Symbol,Price,24h %,Circulating Supply,Date\n"
        '1,Bitcoin,BTC,"$65,000.10",1.2%,"19,700,000 BTC",2024-01-01\n',
        "BTC|2024-01-01T00:00:00|65000.10",
    ),
    "row_names.csv": ('"symbol","price","date"\n"1","BTC",5,2024-01-01\n', "BTC|2024-01-01T00:00:00|5"),
    "BTCUSD_flipped.csv": ("1617062400000,1,1.5,2,1,9\n1617066000000,1,1.6,2,1,9\n", "BTC|2021-03-30T01:00:00|1.5"),
}


@pytest.mark.parametrize("name", MORE)
async def test_further_layouts(read: Read, write: Callable[..., Path], name: str) -> None:
    text, expected = MORE[name]
    result = await read(write(name, text))
    first = result.quotes[0]
    assert f"{first.source_coin_id}|{first.observed_at:%Y-%m-%dT%H:%M:%S}|{first.price_usd}" == expected
    assert result.rejections == []
