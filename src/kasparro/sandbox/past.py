"""The market's past as files: what two made-up exchanges would export, hour by hour."""

from collections.abc import Iterator
from pathlib import Path

from kasparro.sandbox.clock import seconds_text
from kasparro.sandbox.coins import Coin, build
from kasparro.sandbox.market import Market, Side
from kasparro.sandbox.settings import SandboxSettings

_HOUR = 3_600
_HEAD = "id,symbol,name,price_usd,market_cap_usd,volume_24h_usd,change_24h_percent,circulating_supply,last_updated"
_BROKEN = ("broken-coin,BRK,Broken,twelve,,,,,{}", ",NIL,No id,1.25,,,,,{}")
_EXCHANGES = (("aurora", Side.GECKO, 30 * 24), ("meridian", Side.PAPRIKA, 12 * 24))
"""Each with the hours that its file goes back."""
_CLOSED = range(5 * 24, 6 * 24 + 8)
"""Hours ago at which the second one was closed: there is a gap."""
_NOTE = "# The market is the sandbox's: made up.\nsimulated = true\n"


def write_past(folder: Path, settings: SandboxSettings, now: float, *, coins: int = 10) -> None:
    """Write into `folder` what both exchanges know of the largest coins, up to the moment `now` (Unix seconds).

    A file that is there is left as it is: its past doesn't change.
    """
    folder.mkdir(parents=True, exist_ok=True)
    universe = build(settings.seed, settings.coingecko_coins, settings.coinpaprika_coins)
    market = Market(settings.seed, universe, settings.tick_seconds)
    tick = market.tick(now)
    largest = [coin for coin in market.ranking(Side.GECKO, tick).coins if coin.gecko and coin.paprika][:coins]
    for name, side, hours in _EXCHANGES:
        path = folder / f"{name}.csv"
        if path.exists():
            continue
        moments = [tick - back * _HOUR for back in reversed(range(hours)) if name == "aurora" or back not in _CLOSED]
        lines = [_HEAD, *(line for moment in moments for line in _lines(market, largest, side, moment))]
        if side is Side.PAPRIKA:
            lines += [line.format(seconds_text(tick)) for line in _BROKEN]
        (folder / f"{name}.toml").write_text(_NOTE)
        path.write_text("\n".join(lines) + "\n")


def _lines(market: Market, coins: list[Coin], side: Side, moment: int) -> Iterator[str]:
    for coin in coins:
        assert coin.gecko is not None
        price = market.quoted(coin, side, moment)
        supply, cap = (f"{coin.circulating:.0f}", f"{coin.circulating * price:.0f}") if coin.circulating else ("", "")
        told = (
            coin.gecko.id, coin.gecko.symbol.upper(), coin.gecko.name, f"{price:.8f}", cap,
            f"{market.volume(coin, moment):.0f}", f"{market.change(coin, moment, price, 24 * _HOUR):.4f}", supply,
            seconds_text(moment),
        )  # fmt: skip
        yield ",".join(told)
