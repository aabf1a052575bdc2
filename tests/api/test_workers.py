"""Several workers of a real server: one limit, one count, and bodies counted as they come."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests.api.serving import served, workers_of
from tests.api.test_metrics import samples
from tests.ingest.commands import until
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

ADMIN = "a-key-of-at-least-24-characters"
BIG = 128 * 1024
CONNECTIONS = 1004
"""That a worker takes at a time where API_MAX_WAITING is 1."""


async def _statuses(address: str, requests: int, connections: int) -> list[int]:
    async def some(client: httpx2.AsyncClient) -> list[httpx2.Response]:
        async with client:
            return [await client.get("/data") for _ in range(requests // connections)]

    clients = [httpx2.AsyncClient(base_url=address, timeout=30) for _ in range(connections)]
    answers = [answer for told in await asyncio.gather(*map(some, clients)) for answer in told]
    for answer in answers:
        assert "ratelimit" in answer.headers and ("retry-after" in answer.headers) == (answer.status_code == 429)
    return [answer.status_code for answer in answers]


async def test_the_limit_is_exact_over_all_workers(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, API_RATE_LIMIT="100/minute") as address:
        statuses = await _statuses(address, 400, 40)
        assert (statuses.count(200), statuses.count(429)) == (100, 300)


def test_each_request_is_counted_once_whichever_way_it_goes(url: str, tmp_path: Path) -> None:
    """New, kept, unchanged, kept but outdated."""
    with (
        served(tmp_path, url, workers=1, API_RATE_LIMIT="6/minute") as address,
        httpx2.Client(base_url=address) as client,
        psycopg.connect(url, autocommit=True) as ledger,
    ):
        answers: list[httpx2.Response] = []
        for turn in range(8):
            if turn in (3, 5):
                ledger.execute("UPDATE activity SET version = version + 1")
            unchanged = {"If-None-Match": answers[-1].headers["etag"]} if turn == 2 else {}
            answers.append(client.get("/data", headers=unchanged))
        assert [answer.status_code for answer in answers] == [200, 200, 304, 200, 200, 200, 429, 429]
        left = [int(answer.headers["ratelimit"].split(";r=")[1].split(";")[0]) for answer in answers]
        assert left == [5, 4, 3, 2, 1, 0, 0, 0]


def test_what_workers_count_adds_up(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url) as address:
        workers_of(address, 2)
        for _ in range(40):
            assert httpx2.get(f"{address}/data/none").status_code == 404
        wanted = (
            "kasparro_http_requests_total",
            (("method", "GET"), ("route", "/data/{crypto_id}"), ("status", "404")),
        )

        def counted() -> float:
            return samples(httpx2.get(f"{address}/metrics").text)[wanted]

        # Each worker writes down what it counted a moment later, and gives its text again for a second.
        until(lambda: [counted() for _ in range(6)] == [40.0] * 6)


def _connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    assert parts.hostname and parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def _post(*more: str) -> bytes:
    head = ("POST /etl/run HTTP/1.1", "Host: here", f"Authorization: Bearer {ADMIN}",
            "Content-Type: application/json", *more)  # fmt: skip
    return "\r\n".join((*head, "", "")).encode()


def test_a_body_is_counted_as_it_comes(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, workers=1, API_ADMIN_KEY=ADMIN) as address:
        with _connect(address) as chunked:
            chunked.sendall(_post("Transfer-Encoding: chunked") + (b"2000\r\n" + b" " * 8192 + b"\r\n") * 9)
            assert b" 413 " in chunked.recv(4096).splitlines()[0]
        with _connect(address) as cut_off:
            cut_off.sendall(_post("Transfer-Encoding: chunked") + b"1e\r\n{")
        with _connect(address) as large:
            large.sendall(_post(f"Content-Length: {BIG}") + b" " * 8192)
            assert b" 413 " in large.recv(4096).splitlines()[0]
        with _connect(address) as lying:
            lying.sendall(_post("Content-Length: 30") + b'{"sour')
            lying.shutdown(socket.SHUT_WR)
            assert b" 202 " not in lying.recv(4096)
        with _connect(address) as gone:
            gone.sendall(_post("Content-Length: 30"))
        assert httpx2.get(f"{address}/data").status_code == 200
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM etl_runs").fetchone() == (0,)


def test_sockets_that_never_send_a_byte_are_let_go(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, workers=1, API_MAX_WAITING=1) as address, ExitStack() as stack:
        for _ in range(CONNECTIONS + 10):
            stack.enter_context(_connect(address))

        def answers() -> bool:
            try:
                return httpx2.get(f"{address}/livez", timeout=1).status_code == 200
            except httpx2.TransportError:
                return False

        until(answers)


@pytest.mark.parametrize("kind", ["never reads", "never ends its head", "never sends its body"])
async def test_who_dawdles_starves_nobody(url: str, desk: Desk, gecko: Scripted, tmp_path: Path, kind: str) -> None:
    await desk.post(gecko, body(*(record(f"c{n}", str(n), name="n" * 400) for n in range(5000))))
    with served(tmp_path, url, workers=1, API_MAX_WAITING=8) as address, ExitStack() as stack:
        for _ in range(40):
            dawdler = stack.enter_context(_connect(address))
            dawdler.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            if kind == "never reads":
                dawdler.sendall(b"GET /data.csv HTTP/1.1\r\nHost: here\r\n\r\n")
                assert dawdler.recv(15) == b"HTTP/1.1 200 OK", "and no more than that"
            elif kind == "never ends its head":
                dawdler.sendall(b"GET /data HTTP/1.1\r\nHo")
            else:
                dawdler.sendall(_post("Content-Length: 30"))
        async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
            for n in range(20):
                assert (await client.get(f"/data?limit=5&offset={n}")).status_code == 200
