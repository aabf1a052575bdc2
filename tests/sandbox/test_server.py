"""The server: connections, caching, wrong requests, starting and stopping."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from kasparro.errors import ExitCode
from kasparro.sandbox import PortUnavailableError, SandboxSettingError, SandboxSettings, start

Visit = Callable[..., Awaitable[httpx2.AsyncClient]]
SMALL = {"coingecko_coins": 60, "coinpaprika_coins": 60}
MARKETS = "/api/v3/coins/markets?vs_currency=usd"
SERVE = """
from kasparro.sandbox import SandboxSettings, serve
serve(SandboxSettings(port=0), lambda running: print(running.coingecko_url, flush=True))
"""


async def speak(client: httpx2.AsyncClient, text: bytes) -> bytes:
    """What the server says on a bare connection to `text`, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(str(client.base_url)).port)
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_connection_is_kept_for_many_requests(visit: Visit) -> None:
    client = await visit(**SMALL)
    request = b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await speak(client, request * 3)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(b"To the Moon!") == 3


async def test_a_client_that_asks_for_closing_gets_it(visit: Visit) -> None:
    client = await visit(**SMALL)
    request = b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await speak(client, request * 2)).count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_400(visit: Visit, text: bytes) -> None:
    client = await visit(**SMALL)
    answer = await speak(client, text)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Connection: close" in answer
    assert b"X-Kasparro-Sandbox: synthetic" in answer


async def test_a_connection_left_in_the_middle_of_a_request(visit: Visit) -> None:
    client = await visit(**SMALL)
    assert b"200 OK" not in await speak(client, b"GET /api/v3/ping HT")
    assert (await client.get("/api/v3/ping")).status_code == 200


async def test_a_body_that_is_too_large(visit: Visit) -> None:
    client = await visit(**SMALL)
    response = await client.post("/_sandbox/faults", content=b"#" * (1 << 21))
    assert response.status_code == 413


async def test_wrong_methods_and_paths(visit: Visit) -> None:
    client = await visit(**SMALL)
    wrong = await client.post("/api/v3/ping")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    assert (await client.get("/elsewhere")).status_code == 404
    head = await client.head(MARKETS)
    assert head.status_code == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) > 1_000


async def test_every_answer_says_that_it_is_simulated(visit: Visit) -> None:
    client = await visit(**SMALL)
    for path in (MARKETS, "/api/v3/nothing", "/v1/tickers", "/elsewhere", "/_sandbox/faults"):
        assert (await client.get(path)).headers["x-kasparro-sandbox"] == "synthetic"


async def test_large_bodies_are_packed_for_those_who_unpack(visit: Visit) -> None:
    client = await visit(**SMALL)
    packed = await client.get(MARKETS)
    plain = await client.get(MARKETS, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert "content-encoding" not in (await client.get("/api/v3/ping")).headers


async def test_an_unchanged_answer_is_a_304(visit: Visit) -> None:
    client = await visit(**SMALL)
    etag = (await client.get(MARKETS)).headers["etag"]
    again = await client.get(MARKETS, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    await client.post("/_sandbox/clock", json={"at": "2026-06-16T00:00:00Z"})
    assert (await client.get(MARKETS, headers={"If-None-Match": etag})).status_code == 200


async def test_requests_are_counted_by_provider_path_and_status(visit: Visit) -> None:
    client = await visit(**SMALL)
    for path in ("/api/v3/ping", "/api/v3/ping", "/api/v3/coins/markets", "/v1/tickers?quotes=USD"):
        await client.get(path)
    assert (await client.get("/_sandbox/requests")).json() == {
        "total": 4,
        "requests": [
            {"provider": "coingecko", "path": "/coins/markets", "status": 422, "count": 1},
            {"provider": "coingecko", "path": "/ping", "status": 200, "count": 2},
            {"provider": "coinpaprika", "path": "/tickers", "status": 200, "count": 1},
        ],
    }


async def test_latency_is_added_to_every_answer(visit: Visit) -> None:
    client = await visit(latency_ms=600_000, **SMALL)
    with pytest.raises(httpx2.ReadTimeout):
        await client.get("/api/v3/ping", timeout=httpx2.Timeout(30, read=0.2))


async def test_a_busy_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortUnavailableError, match=str(port)) as caught:
            await start(SandboxSettings(port=port, coingecko_coins=10, coinpaprika_coins=10))
    assert caught.value.exit_code is ExitCode.SETTING


async def test_closing_drops_connections_and_frees_the_port() -> None:
    settings: dict[str, Any] = SMALL
    running = await start(SandboxSettings(port=0, **settings))
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{running.coingecko_url}/ping")).status_code == 200
        await running.close()
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"{running.coinpaprika_url}/contracts")
    again = await start(SandboxSettings(port=running.port, **settings))
    assert again.port == running.port
    await again.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api/v3\n", process.stdout.readline())
        process.send_signal(number)
        assert process.wait() == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"port": 70_000}, "port is 70000"),
        ({"coingecko_coins": 0}, "coingecko_coins is 0"),
        ({"coinpaprika_coins": 50_001}, "coinpaprika_coins is 50001"),
        ({"coingecko_plan": "free"}, "coingecko_plan is 'free'"),
        ({"coinpaprika_plan": "demo"}, "coinpaprika_plan is 'demo'"),
        ({"tick_seconds": 0}, "tick_seconds is 0"),
        ({"latency_ms": -1}, "latency_ms is -1"),
        ({"frozen_at": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SandboxSettingError, match=re.escape(named)) as caught:
        SandboxSettings(**changes)
    assert caught.value.remedy
