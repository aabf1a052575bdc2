"""Parsing: CoinGecko payloads to validated, exact quotes, against msgspec's bare decode of the same bytes.

Ours is the source's own `parse`: typed records, Decimal amounts, texts and times checked, drift looked for. The
bare decode makes dicts with floats and looks at nothing. Both in one thread, so a second is one of one core.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.figure import Figure, told
from bench.ledgers import Ledgers
from bench.rounds import ratio, take_turns, typical
from bench.sweeps import COINS, coingecko, market_page, two_sweeps
from kasparro.sources.contract import Payload

NAME = "parse"
_SIZES = (250, 10_000)
_SPEED = 300_000
_SHARE = 0.5


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Records a second, and the share of the bare decode's speed; one of the two has to be reached."""
    sweep, source = two_sweeps()[0], asyncio.run(coingecko())
    figures = []
    for size in _SIZES:
        payloads = sweep.payloads(size)
        turns = [_parse(source.parse, payloads), _decode(payloads)]
        measured = take_turns(turns, rounds=7)
        speed, share = COINS / typical(measured, "parse"), ratio(measured, "parse", "decode")
        target, met = f">= {_SPEED:,} or >= {_SHARE} x bare", speed >= _SPEED or share >= _SHARE
        figures.append(
            Figure(NAME, f"payloads of {size:,} records", speed, "records/s", target, met, f"{share:.2f} x bare decode")
        )
        figures.append(told(NAME, f"bare decode, {size:,} records", COINS / typical(measured, "decode"), "records/s"))
    return figures


def _parse(parse: Callable[..., object], payloads: list[Payload]) -> Callable[[], dict[str, float]]:
    requests = [market_page(number) for number, _ in enumerate(payloads, 1)]

    def turn() -> dict[str, float]:
        began = time.process_time()
        for request, payload in zip(requests, payloads, strict=True):
            parse(request, payload)
        return {"parse": time.process_time() - began}

    return turn


def _decode(payloads: list[Payload]) -> Callable[[], dict[str, float]]:
    decoder = msgspec.json.Decoder()

    def turn() -> dict[str, float]:
        began = time.process_time()
        for payload in payloads:
            decoder.decode(payload.body)
        return {"decode": time.process_time() - began}

    return turn
