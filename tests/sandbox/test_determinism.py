"""Frozen, the market says the same bytes for ever; running, it moves once a tick."""

import subprocess
import sys
from collections.abc import Awaitable, Callable

import httpx2

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
PATHS = (
    "/api/v3/coins/markets?vs_currency=usd&per_page=250",
    "/api/v3/coins/list?include_platform=true",
    "/api/v3/coins/bitcoin/market_chart?vs_currency=eur&days=30",
    "/api/v3/coins/nobody/ohlc?vs_currency=usd&days=1",
    "/v1/coins",
    "/v1/tickers?quotes=USD,BTC",
    "/v1/contracts/eth-ethereum",
    "/v1/tickers/btc-bitcoin/historical?start=2026-06-01&interval=1h",
)
# Prints a digest of every answer's status and body, from a process of its own.
ELSEWHERE = """
import asyncio, hashlib, sys
from datetime import UTC, datetime
from kasparro.sandbox.app import App
from kasparro.sandbox.http import Request
from kasparro.sandbox.settings import SandboxSettings
from urllib.parse import parse_qsl

async def main():
    at = datetime(2026, 6, 15, 10, 20, 30, tzinfo=UTC)
    settings = SandboxSettings(port=0, coingecko_coins=300, coinpaprika_coins=400, frozen_at=at,
                               coingecko_plan="unlimited", coinpaprika_plan="unlimited")
    app = App(settings, None, "http://127.0.0.1:1")
    for target in sys.argv[1:]:
        path, _, query = target.partition("?")
        reply = await app.handle(Request("GET", path, dict(parse_qsl(query)), {}, b""))
        print(hashlib.sha256(reply.answer.body).hexdigest())

asyncio.run(main())
"""


async def test_frozen_answers_are_the_same_bytes_in_every_request_and_sandbox(visit: Visit) -> None:
    one, other = await visit(), await visit()
    for path in PATHS:
        first = await one.get(path)
        again = await one.get(path)
        elsewhere = await other.get(path)
        assert first.content == again.content == elsewhere.content
        assert first.headers["date"] == again.headers["date"] == elsewhere.headers["date"]


def test_frozen_answers_are_the_same_bytes_in_every_process() -> None:
    command = [sys.executable, "-c", ELSEWHERE, *PATHS]
    outputs = {
        subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(set(outputs.pop().split())) == len(PATHS)


async def test_another_seed_is_another_market(visit: Visit) -> None:
    one, other = await visit(), await visit(seed=2)
    for path in PATHS[:2]:
        assert (await one.get(path)).content != (await other.get(path)).content


async def test_the_market_stands_within_a_tick_and_moves_with_the_next(visit: Visit) -> None:
    client = await visit()
    bodies = []
    for at in ("2026-06-15T10:20:00Z", "2026-06-15T10:20:59Z", "2026-06-15T10:21:00Z"):
        moved = await client.post("/_sandbox/clock", json={"at": at})
        assert moved.json() == {"now": at.replace("Z", ".000Z"), "frozen": True}
        bodies.append([(await client.get(path)).content for path in (PATHS[0], PATHS[5])])
    assert bodies[0] == bodies[1]
    assert all(before != after for before, after in zip(bodies[1], bodies[2], strict=True))


async def test_the_clock_can_run_again_and_refuses_nonsense(visit: Visit) -> None:
    client = await visit()
    assert (await client.post("/_sandbox/clock", json={"at": None})).json()["frozen"] is False
    assert (await client.get("/_sandbox/clock")).json()["frozen"] is False
    for body in ({"at": "soon"}, {"at": "2026-06-15T10:20:00"}, {}):
        assert (await client.post("/_sandbox/clock", json=body)).status_code == 400
