"""HTTP/1.1 over one connection: requests in, replies out, and the ways a connection can fail its client."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import h11

from kasparro.sandbox.answers import SYNTHETIC, Answer, document
from kasparro.sandbox.effects import Manner

_READ = 65_536
_LARGEST_BODY = 1 << 20
_WORTH_PACKING = 1_024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` decoded and without its query, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and how it is sent; `now` (Unix seconds) is what Date shows, `age` is in seconds."""

    answer: Answer
    now: float
    manner: Manner = Manner.WHOLE
    age: int | None = None


Handler = Callable[[Request], Awaitable[Reply]]


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> None:
    """Answer the requests of one connection until either side ends it."""
    connection = h11.Connection(h11.SERVER)
    try:
        while (request := await _receive(connection, reader)) is not None:
            reply = await handle(request)
            if reply.manner is Manner.RESET:
                _reset(writer)
                return
            _send(connection, writer, request, reply)
            await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()
    except h11.RemoteProtocolError as wrong:
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            status = wrong.error_status_hint or 400
            body = document({"error": HTTPStatus(status).phrase}).body
            head = h11.Response(
                status_code=status,
                headers=[
                    ("Content-Length", str(len(body))),
                    ("Connection", "close"),
                    ("X-Kasparro-Sandbox", SYNTHETIC),
                ],
            )
            writer.write((connection.send(head) or b"") + (connection.send(h11.Data(data=body)) or b""))
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LARGEST_BODY:
                raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body))
        else:
            return None


def _request(head: h11.Request, body: bytes) -> Request:
    path, _, query = head.target.decode("latin-1").partition("?")
    return Request(
        method=head.method.decode("ascii"),
        path=unquote(path),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
        body=body,
    )


def _send(connection: h11.Connection, writer: asyncio.StreamWriter, request: Request, reply: Reply) -> None:
    answer = reply.answer
    status, body, packed = answer.status, answer.body, False
    if status == 200 and request.headers.get("if-none-match") == answer.etag:
        status, body = 304, b""
    elif len(body) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body, packed = answer.packed, True
    head = h11.Response(status_code=status, headers=_headers(reply, len(body), packed), reason=_reason(status))
    if reply.manner is Manner.TRUNCATED:
        # h11 refuses to break its promise of a length, so the broken half goes past it.
        writer.write((connection.send(head) or b"") + body[: len(body) // 2])
        return
    pieces = [connection.send(head)]
    if body and request.method != "HEAD":
        pieces.append(connection.send(h11.Data(data=body)))
    pieces.append(connection.send(h11.EndOfMessage()))
    writer.write(b"".join(piece for piece in pieces if piece))


def _headers(reply: Reply, length: int, packed: bool) -> list[tuple[str, str]]:
    answer = reply.answer
    headers = [
        ("Date", formatdate(reply.now, usegmt=True)),
        ("Content-Type", answer.content_type),
        ("Content-Length", str(length)),
        ("X-Kasparro-Sandbox", answer.origin),
        ("Vary", "Accept-Encoding"),
        *answer.headers,
    ]
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    if answer.status == 200 and answer.body:
        headers.append(("ETag", answer.etag))
    if reply.age is not None:
        headers.append(("Age", str(reply.age)))
    return headers


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Drop the connection so that the client sees a reset, not an orderly end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
