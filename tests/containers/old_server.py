"""Just enough of a PostgreSQL 14 to be recognised as one."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENCRYPTION = (80877103, 80877104)


@contextmanager
def old_server(version: str = "14.9") -> Iterator[int]:
    """A port on 127.0.0.1 where a server of that version lets everybody in."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_serve, args=(listening, version), daemon=True).start()
        yield listening.getsockname()[1]


def _serve(listening: socket.socket, version: str) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            _greet(client, version)


def _greet(client: socket.socket, version: str) -> None:
    while True:
        size, code = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
        client.recv(size - 8, socket.MSG_WAITALL)
        if code not in _ENCRYPTION:
            break
        client.sendall(b"N")
    told = [_message(b"R", struct.pack("!i", 0))]
    for name, value in (
        ("server_version", version),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
    ):
        told.append(_message(b"S", f"{name}\0{value}\0".encode()))
    client.sendall(b"".join([*told, _message(b"Z", b"I")]))
    client.recv(1000)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
