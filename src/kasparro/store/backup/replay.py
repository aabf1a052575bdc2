"""Playing an archive's script on a connection of ours, so that all of it is one transaction."""

import re
from collections.abc import AsyncIterator, Callable

from kasparro.store.connection import Connection

_COPY = re.compile(rb"^COPY (\S+) \(.*\) FROM stdin;$")
_END = b"\\.\n"
# What psql would understand, and settings that servers before PostgreSQL 17 don't have.
_SKIPPED = (b"\\restrict", b"\\unrestrict", b"SET transaction_timeout")


async def replay(connection: Connection, chunks: AsyncIterator[bytes], tell: Callable[[int], None]) -> None:
    """Run the script that comes in `chunks`, in the caller's transaction; `tell(rows)` for each part of a table.

    Data goes to the server as it comes, whatever the length of a row.
    """
    script = _Script(chunks)
    statements: list[bytes] = []
    while (line := await script.line()) is not None:
        if line.startswith(_SKIPPED):
            continue
        if _COPY.match(line.rstrip(b"\n")) is None:
            statements.append(line)
            continue
        await _run(connection, statements)
        async with connection.cursor() as cursor, cursor.copy(line.rstrip(b";\n")) as copy:
            async for data in script.data():
                await copy.write(data)
                tell(data.count(b"\n"))
    await _run(connection, statements)


async def _run(connection: Connection, statements: list[bytes]) -> None:
    text = b"".join(statements)
    statements.clear()
    if text.strip():
        await connection.execute(text)


class _Script:
    """Reads statements line by line and data as it comes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    async def _more(self) -> bool:
        chunk = await anext(self._chunks, b"")
        self._left += chunk
        return bool(chunk)

    async def line(self) -> bytes | None:
        """The next line with its end, None behind the last."""
        while (end := self._left.find(b"\n")) < 0:
            if not await self._more():
                line, self._left = self._left, b""
                return line or None
        line, self._left = self._left[: end + 1], self._left[end + 1 :]
        return line

    async def data(self) -> AsyncIterator[bytes]:
        """The rows up to the line that ends them; in data, a backslash never stands alone before a full stop."""
        while len(self._left) < len(_END) and await self._more():
            pass
        if self._left.startswith(_END):
            self._left = self._left[len(_END) :]
            return
        while (end := self._left.find(b"\n" + _END)) < 0:
            # The end may lie across two chunks.
            safe = len(self._left) - len(_END)
            if safe > 0:
                yield self._left[:safe]
                self._left = self._left[safe:]
            if not await self._more():
                return
        yield self._left[: end + 1]
        self._left = self._left[end + 1 + len(_END) :]
