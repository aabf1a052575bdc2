"""Real files, where they are at hand: `KASPARRO_EVIDENCE` names the directory whose `csv` folder holds them."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

DIRECTORY = Path(os.environ.get("KASPARRO_EVIDENCE", "/nonexistent")) / "csv"
FILES = sorted(DIRECTORY.glob("*.csv"))
SIZES = {file.name: file.stat().st_size for file in FILES}
Read = Callable[..., Awaitable[Any]]

pytestmark = pytest.mark.skipif(not FILES, reason="KASPARRO_EVIDENCE names no directory with real files")

EXPECTED = {
    "01": (2991, 0, "BTC", "144.5399932861328", "34235.19345116"),
    "03": (3160, 0, "BTC", "135.3", "48755.89564404483"),
    "05": (138, 0, None, "139", "63176.6511615297"),
    "08": (3593, 0, "BTC", None, "6386.13"),
    "11": (2052, 0, "BTC", "28028.53", "4285.08"),
    "17": (1721, 0, "Bitcoin", "60309.1", "6967.0"),
    "19": (4892, 0, "Bitcoin", "76761.5", "13.3"),
    "21": (2722, 0, "BTC", "122.0", "58786.2"),
    "23": (2202, 0, "BTC", "0.074", "8754.34"),
    "26": (5572, 0, "bitcoin", "134.21", "773.84"),
    "27": (1426, 0, "bitcoin", "12739.5", "7.34595"),
    "28": (899, 51, "Bitcoin (BTC)", "27992.29", "0.01766"),
    "30": (250, 0, "bitcoin", "61331.0", "0.110124"),
    "37": (10195, 1, "BITCOIN (BTC)", "28817.0", "1.04933E-7"),
    "40": (4026, 0, "BitCoin", "4376.53", "0.170325"),
    "50": (5, 0, "bitcoin", "42000.50", "0.55"),
    "51": (4, 0, "btc-bitcoin", "88000", "840"),
    "53": (10, 0, "BTC", "45000.50", "35.00"),
    "56": (10, 0, "bitcoin", "43250.50", "0.89"),
    "57": (20, 10, "bitcoin", "45000.0", "0.9"),
    "62": (10, 0, "BTC", "43250", "24.75"),
    "70": (15147, 0, "KuKu (kuku)", "0.0", "0.00010573"),
}


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
async def test_real_file(read: Read, file: Path) -> None:
    result = await read(file)
    quotes, rejections, coin, first, last = EXPECTED[file.name[:2]]
    assert (len(result.quotes), len(result.rejections)) == (quotes, rejections)
    if coin is not None:
        assert result.quotes[0].source_coin_id == coin
    assert str(result.quotes[0].price_usd) == str(first)
    assert str(result.quotes[-1].price_usd) == last
    assert sum(len(payload.body) for payload in result.payloads) == SIZES[file.name]
    assert (await read(file, result.checkpoints)).streams == []
