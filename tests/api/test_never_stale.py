"""Never stale: a request that starts after a commit sees it, at whichever worker, kept answers and ETags included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import httpx2

from tests.api.serving import TRIALS, served
from tests.ingest.looking import Desk
from tests.ingest.scripted import Scripted, body, record

WORKERS = 2
_PATIENCE_S = 30


class Reader:
    """One kept connection, which remembers the ETags it was given."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self._etags: dict[str, str] = {}

    async def sees(self, path: str, number: int) -> None:
        """Fail unless the answer shows the commit `number`, or a later one."""
        etag = self._etags.get(path)
        answer = await self.client.get(path, headers={"if-none-match": etag} if etag else {})
        assert answer.status_code == 200, f"{answer.status_code} after commit {number}"
        self._etags[path] = answer.headers["etag"]
        told = answer.json()
        row = told if "price_usd" in told else told["data"][0]
        assert row["price_usd"] >= number, f"{row['price_usd']} after commit {number}"

    async def is_spared(self, path: str) -> None:
        """Fail unless nothing is sent while nothing changes."""
        answer = await self.client.get(path, headers={"if-none-match": self._etags[path]})
        assert answer.status_code == 304


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=1)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=_PATIENCE_S) as client:
        yield client


async def _readers(address: str, stack: AsyncExitStack) -> list[Reader]:
    """Two kept connections to each worker."""
    found: dict[str, list[Reader]] = {}
    for _ in range(100):
        client = await stack.enter_async_context(_client(address))
        worker = (await client.get("/system/info")).json()["started_at"]
        found.setdefault(worker, []).append(Reader(client))
        if len(found) == WORKERS and min(map(len, found.values())) >= 2:
            return [reader for readers in found.values() for reader in readers[:2]]
    raise AssertionError("not every worker was met")


async def _load(address: str) -> None:
    async with _client(address) as client:
        for n in count():
            await client.get(f"/data?limit=100&q={n % 50}" if n % 3 else "/data?limit=100")


async def _newcomer(address: str, path: str, number: int) -> None:
    async with _client(address) as client:
        await Reader(client).sees(path, number)


async def test_no_answer_is_older_than_a_commit_before_it(
    url: str, desk: Desk, gecko: Scripted, tmp_path: Path
) -> None:
    await desk.post(gecko, body(*(record(f"c{n}", "0") for n in range(200)), record("marker", "0")))
    paths = ("/data?limit=1", "/data/marker", "/data/marker/history?limit=1")
    trials = 0
    with served(tmp_path, url, workers=WORKERS) as address:
        async with AsyncExitStack() as stack:
            readers = await _readers(address, stack)
            load = [asyncio.create_task(_load(address)) for _ in range(6)]
            try:
                for number in count(1):
                    await desk.post(gecko, body(record("marker", str(number))))
                    path = paths[number % len(paths)]
                    asked = [reader.sees(path, number) for reader in readers] + [_newcomer(address, path, number)]
                    await asyncio.gather(*asked)
                    await readers[number % len(readers)].is_spared(path)
                    trials += len(asked)
                    if trials >= TRIALS:
                        break
                assert not any(task.done() for task in load)
            finally:
                for task in load:
                    task.cancel()
                await asyncio.gather(*load, return_exceptions=True)
