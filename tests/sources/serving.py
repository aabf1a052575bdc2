"""A server that says what it is told."""

import asyncio


def answer(body: bytes = b"[]", status: int = 200, **headers: str) -> bytes:
    """An HTTP answer as it goes over the wire; `retry_after="1"` writes `retry-after: 1`."""
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Scripted:
    """A server that says what it was told, one answer a request, the last one over and over.

    `heads` are the requests as they came; `held` holds its answers back until it is set.
    """

    def __init__(self, answers: list[bytes]) -> None:
        self.heads: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self.url = ""
        self._answers = answers

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await self.held.wait()
        writer.write(said)
        await writer.drain()
        writer.close()
