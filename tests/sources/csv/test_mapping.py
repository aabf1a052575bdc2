"""The declared mapping: what it can say, and what it answers when it's wrong."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kasparro.errors import Skippable

Read = Callable[..., Awaitable[Any]]
Write = Callable[[str, str | bytes], Path]


async def test_columns_locale_time_and_constants(read: Read, write: Write) -> None:
    write(
        "kurse.csv.toml",
        """
        delimiter = ";"
        decimal = ","
        symbol = "BTC"
        name = "Bitcoin"
        dataset = "berlin"
        period = "1h"
        stamp = "open"
        [columns]
        time = "Zeit"
        price = "Schluss"
        [time]
        format = "%d.%m.%Y %H:%M"
        zone = "+01:00"
        """,
    )
    result = await read(write("kurse.csv", "Zeit;Schluss;Rest\n31.12.2024 23:00;90.000,25;x\n"))
    (quote,) = result.quotes
    assert (quote.source_coin_id, quote.symbol, quote.name) == ("BTC", "BTC", "Bitcoin")
    assert (quote.price_usd, quote.observed_at) == (Decimal("90000.25"), datetime(2024, 12, 31, 23, tzinfo=UTC))
    assert [s.name for s in result.streams] == ["file:berlin@1h"]


async def test_a_file_without_a_header(read: Read, write: Write) -> None:
    write("data.toml", 'header = false\n[columns]\nid = 3\nprice = 1\ntime = 2\n[time]\nunit = "ms"\n')
    result = await read(write("data.csv", "1.5,1735689600000,bitcoin\n2,1735689600000,ether\n"))
    assert [(q.source_coin_id, q.price_usd) for q in result.quotes] == [
        ("bitcoin", Decimal("1.5")),
        ("ether", Decimal(2)),
    ]
    assert result.quotes[0].observed_at == datetime(2025, 1, 1, tzinfo=UTC)


async def test_a_mapping_settles_what_the_name_leaves_open(read: Read, write: Write) -> None:
    write("ETHEUR_1440.toml", 'quote = "USD"\n')
    result = await read(write("ETHEUR_1440.csv", "1617062400,1,2,1,1.5,9,3\n1617148800,1.5,2,1,1.5,9,3\n"))
    assert [q.source_coin_id for q in result.quotes] == ["ETH", "ETH"]


async def test_day_before_month(read: Read, write: Write) -> None:
    write("x.toml", '[time]\nformat = "%d/%m/%Y"\n')
    result = await read(write("x.csv", "symbol,price,date\nBTC,1,01/02/2024\n"))
    assert result.quotes[0].observed_at == datetime(2024, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("toml", "error"),
    [
        ("columms = {}", r"columms: unknown key; known are columns, time, dataset"),
        ('[columns]\nprize = "x"', r"columns: 'prize' is no field; fields are id, symbol, name"),
        ('[columns]\nprice = "Kurs"', r"the mapping's column 'Kurs' for 'price' isn't in the file"),
        ('period = "2d"', r'period: must be "" for plain quotes or one of 1m'),
        ('delimiter = "-"', r'delimiter: must be ",", ";", "\|" or "tab"'),
        ('quote = "EUR"', r"quote: must be one of .*USD.*: prices are kept in US dollars"),
        ('decimal = "x"', r"decimal: "),
        ('[time]\nformat = "dd.mm"', r"time.format: must be \"iso\", \"epoch\" or a strptime format"),
        ('[time]\nzone = "Mars/Base"', r"time.zone: must be a zone such as"),
        ('header = false\n[columns]\nprice = "x"', r"columns must be numbers from 1 when header is false"),
        ("not toml", r"x\.toml is no TOML"),
    ],
)
async def test_wrong_mappings_name_the_key_and_what_is_accepted(
    read: Read, write: Write, toml: str, error: str
) -> None:
    write("x.toml", toml)
    with pytest.raises(Skippable, match=error):
        await read(write("x.csv", "symbol,price\nBTC,1\n"))


async def test_two_files_can_t_claim_one_dataset(read: Read, write: Write) -> None:
    for name, price in (("a", 1), ("b", 2)):
        write(f"{name}.toml", 'dataset = "mine"')
        write(f"{name}.csv", f"symbol,price\nBTC,{price}\n")
    with pytest.raises(Skippable, match=r"b\.csv: the dataset 'mine' is that of .*a\.csv"):
        await read(write("a.csv", "symbol,price\nBTC,1\n").parent)
