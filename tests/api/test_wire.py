"""The wire: requests as bytes, to a real server."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from io import BufferedReader
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from kasparro.api.wire import Wire
from tests.api.serving import served, workers_of
from tests.api.small import KEY
from tests.api.test_server import _server_at
from tests.ingest.commands import PATIENCE_S, until

GET = b"GET %s HTTP/1.1\r\nHost: here\r\n%s\r\n"


class Client:
    """A connection that sends bytes and reads answers."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname and parts.port
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)
        self._reader: BufferedReader = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def answer(self, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers and body; `head` when the request was a HEAD."""
        status = int(self._reader.readline().split()[1])
        headers = {}
        while line := self._reader.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        length = 0 if head or status == 304 else int(headers["content-length"])
        return status, headers, self._reader.read(length)

    def line(self) -> bytes:
        """The next line of an answer."""
        return self._reader.readline()

    def ended(self) -> bool:
        """Whether the server hangs up, without another byte."""
        return self._reader.read(1) == b""


@pytest.fixture
def client(small: str) -> Iterator[Client]:
    with Client(small) as opened:
        yield opened


def test_answers_come_in_the_order_of_the_requests(client: Client) -> None:
    """Kept ones, rendered ones, those of the app and refusals, all sent at once."""
    post = b"POST /etl/run HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    asked = {b"/data?limit=1": 200, b"/data?limit=2": 200, b"/nope": 404, b"/livez": 200, b"/openapi.json": 200}
    for first in asked:
        paths = [first, *asked, first]
        client.send(b"".join(GET % (path, b"X-Request-ID: r%d\r\n" % n) for n, path in enumerate(paths)) + post)
        found = [client.answer() for _ in range(len(paths) + 1)]
        assert [status for status, _, _ in found] == [*(asked[path] for path in paths), 401]
        assert [headers["x-request-id"] for _, headers, _ in found[:-1]] == [f"r{n}" for n in range(len(paths))]
        assert [len(json.loads(found[n][2])["data"]) for n in (1, 2)] == [1, 2]


@pytest.mark.parametrize("first", [b"/livez", b"/data?limit=1"])
def test_a_body_that_comes_later_belongs_to_the_request_behind(client: Client, first: bytes) -> None:
    post = b"POST /etl/run HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n" % KEY.encode()
    client.send(GET % (first, b"") + post + b"Content-Type: application/json\r\nContent-Length: 20\r\n\r\n")
    assert client.answer()[0] == 200
    client.send(b'{"sources":["none"]}')
    status, _, problem = client.answer()
    assert status == 422 and b"none" in problem


def test_very_many_requests_at_once(client: Client) -> None:
    client.send(GET % (b"/livez", b"") * 3_000 + b"GET /livez HTTP/1.1\r\nHost:")
    assert [client.answer()[0] for _ in range(3_000)] == [200] * 3_000
    client.send(b" here\r\n\r\n")
    assert client.answer()[0] == 200


def test_who_waits_for_leave_to_send_a_body_gets_it(small: str) -> None:
    head = f"POST /etl/run HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {KEY}\r\nExpect: 100-continue\r\n"
    with Client(small) as client:
        client.send(head.encode() + b"Content-Type: application/json\r\nContent-Length: 19\r\n\r\n")
        assert client.line() == b"HTTP/1.1 100 Continue\r\n" and client.line() == b"\r\n"
        client.send(b'{"sources":["none"]}'[:19])
        assert client.answer()[0] in (400, 422)


def test_many_requests_on_one_connection(client: Client) -> None:
    for n in range(50):
        client.send(GET % (b"/data?limit=%d" % (n % 3 + 1), b""))
        status, headers, sent = client.answer()
        assert status == 200 and "connection" not in headers and "date" in headers
        assert len(json.loads(sent)["data"]) == n % 3 + 1


def test_a_request_in_pieces(client: Client) -> None:
    for byte in GET % (b"/data?limit=1", b"Accept: application/json\r\n"):
        client.send(bytes([byte]))
    assert client.answer()[0] == 200


@pytest.mark.parametrize("path", [b"/data?limit=1", b"/livez", b"/nope", b"/data?limit=0"])
def test_the_connection_ends_when_the_client_says_so(small: str, path: bytes) -> None:
    for request in (GET % (path, b"Connection: close\r\n"), b"GET %s HTTP/1.0\r\n\r\n" % path):
        with Client(small) as client:
            client.send(request)
            _, headers, _ = client.answer()
            assert headers["connection"] == "close" and client.ended()


def test_head_and_unchanged_have_no_body(client: Client) -> None:
    client.send(b"HEAD /data?limit=1 HTTP/1.1\r\nHost: here\r\n\r\n")
    status, headers, _ = client.answer(head=True)
    assert status == 200 and int(headers["content-length"]) > 100
    client.send(GET % (b"/data?limit=1", b"If-None-Match: %s\r\n" % headers["etag"].encode()))
    status, again, _ = client.answer()
    assert status == 304 and again["etag"] == headers["etag"] and "content-length" not in again
    client.send(GET % (b"/livez", b""))
    assert client.answer()[0] == 200


def test_odd_ways_to_ask_are_understood(client: Client) -> None:
    for request in (
        GET % (b"http://here/data?limit=1", b""),
        GET % (b"/d%61ta?limit=1", b""),
        GET % (b"/data?limit=1#part", b""),
        b"get /data?limit=1 HTTP/1.1\r\nhost: here\r\n\r\n".replace(b"get", b"GET"),
        GET % (b"/data?limit=1", b"Content-Length: 2\r\n") + b"{}",
        GET % (b"/data?limit=1", b"Upgrade: h2c\r\nConnection: keep-alive\r\n"),
    ):
        client.send(request)
        status, _, sent = client.answer()
        assert status == 200 and len(json.loads(sent)["data"]) == 1, request


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HELO here\r\n\r\n", 400),
        (b"GET /data HTTP/1.1\r\nHost here\r\n\r\n", 400),
        (b"GET /data HTTP/9.9\r\nHost: here\r\n\r\n", 400),
        (b"POST /etl/run HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /data HTTP/1.1\r\nX-Long: " + b"x" * 64 * 1024, 431),
        (b"GET /data?" + b"x" * 64 * 1024, 431),
    ],
)
def test_what_is_no_request_is_told_and_hung_up_on(client: Client, sent: bytes, status: int) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        client.send(sent)
    told, headers, problem = client.answer()
    assert told == status and headers["content-type"] == "application/problem+json"
    assert json.loads(problem)["status"] == status and client.ended()


def test_one_connection_too_many_is_refused_and_room_is_made_again(url: str, tmp_path: Path) -> None:
    most = 4 * 1 + 1000
    with served(tmp_path, url, workers=1, API_MAX_WAITING=1) as address, ExitStack() as stack:
        with ExitStack() as crowd:
            for _ in range(most):
                crowd.enter_context(Client(address))
            last = stack.enter_context(Client(address))
            status, headers, _ = last.answer()
            assert status == 503 and headers["retry-after"] == "1" and last.ended()

        def answers() -> bool:
            try:
                return httpx2.get(f"{address}/livez").status_code == 200
            except httpx2.TransportError:
                return False

        until(answers)


@pytest.mark.parametrize("before", [b"", GET % (b"/livez", b"")], ids=["alone", "pipelined"])
def test_a_head_is_a_head_whoever_answers_it(client: Client, before: bytes) -> None:
    asked = {"/livez": 200, "/nope": 404, "/dashboard/start": 200, "/openapi.json": 200, "/data?limit=9": 200,
             "/data?limit=0": 422, "/metrics": 200}  # fmt: skip
    for path, status in [*asked.items(), *asked.items()]:
        client.send(before + b"HEAD %s HTTP/1.1\r\nHost: here\r\n\r\n" % path.encode() + GET % (b"/livez", b""))
        if before:
            assert client.answer()[0] == 200
        assert client.answer(head=True)[0] == status
        assert client.answer()[0] == 200, f"after HEAD {path}"


async def test_who_asks_nothing_more_is_hung_up_on_and_who_does_is_not() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    config = Config(app, timeout_keep_alive=1, log_config=None, access_log=False)
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(config, ServerState(), {}, loop), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (idle, send_idle), (busy, send_busy) = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        send_idle.write(GET % (b"/", b""))
        assert (await idle.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        hung_up = asyncio.create_task(idle.read())
        while not hung_up.done():
            send_busy.write(GET % (b"/", b""))
            assert (await busy.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await asyncio.wait([hung_up], timeout=0.1)
        assert hung_up.result() == b""
        send_busy.write(GET % (b"/", b""))
        assert (await busy.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        send_idle.close()
        send_busy.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_in_order_with_idle_and_half_open_connections(url: str, tmp_path: Path, number: int) -> None:
    with served(tmp_path, url, workers=2) as address:
        port = urlsplit(address).port
        assert port is not None
        workers_of(address, 2)
        server, _ = _server_at(port)
        with Client(address) as idle, Client(address) as half, Client(address):
            idle.send(GET % (b"/livez", b""))
            assert idle.answer()[0] == 200
            half.send(b"GET /data HT")
            os.kill(server, number)
            assert idle.ended() and half.ended()
            until(lambda: not Path(f"/proc/{server}").exists() or _is_zombie(server))


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_worker_that_dies_is_replaced(url: str, tmp_path: Path) -> None:
    with served(tmp_path, url, workers=1) as address:
        port = urlsplit(address).port
        assert port is not None
        _, children = _server_at(port)
        worker = next(pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text())
        os.kill(worker, signal.SIGKILL)

        def serves() -> bool:
            try:
                return httpx2.get(f"{address}/data", timeout=5).status_code == 200
            except httpx2.TransportError:
                return False

        until(serves)


def test_who_goes_away_amid_the_wait_harms_nobody(client: Client, small: str) -> None:
    for _ in range(20):
        with Client(small) as leaving:
            leaving.send(GET % (b"/data?limit=100", b"") * 20)
    client.send(GET % (b"/data?limit=1", b""))
    assert client.answer()[0] == 200
