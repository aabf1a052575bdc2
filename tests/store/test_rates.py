"""Rate windows: counted once, whoever counts."""

import asyncio

from kasparro.store.connection import Connection, connect
from kasparro.store.rates import forget_windows, spend_requests
from tests.ingest.looking import rows, value


async def test_a_window_counts_until_it_ends(connection: Connection) -> None:
    first = (await spend_requests(connection, {"a": 3, "b": 1}, 60))["a"]
    assert first.used == 3 and 59 < first.resets_in <= 60
    assert (await spend_requests(connection, {"a": 2}, 60))["a"].used == 5
    await connection.execute("UPDATE rate_windows SET started_at = started_at - interval '59 seconds'")
    nearly = (await spend_requests(connection, {"a": 1}, 60))["a"]
    assert nearly.used == 6 and 0 < nearly.resets_in <= 1
    await connection.execute("UPDATE rate_windows SET started_at = started_at - interval '1 second'")
    anew = (await spend_requests(connection, {"a": 1}, 60))["a"]
    assert anew.used == 1 and 59 < anew.resets_in <= 60


async def test_many_who_count_at_the_same_time_lose_nothing(url: str, connection: Connection) -> None:
    workers = [await connect(url) for _ in range(4)]

    async def count(worker: Connection, *clients: str) -> list[int]:
        return [(await spend_requests(worker, dict.fromkeys(clients, 1), 60))["a"].used for _ in range(50)]

    # In opposite orders: nobody may wait for one who waits for him.
    told = await asyncio.gather(
        *(count(worker, *(("a", "b") if n % 2 else ("b", "a"))) for n, worker in enumerate(workers))
    )
    assert sorted(number for numbers in told for number in numbers) == list(range(1, 201))
    assert await value(connection, "SELECT used FROM rate_windows WHERE client = 'b'") == 200
    for worker in workers:
        await worker.close()


async def test_old_windows_are_forgotten(connection: Connection) -> None:
    await spend_requests(connection, {"old": 1, "young": 1}, 60)
    await connection.execute("UPDATE rate_windows SET started_at = now() - interval '121 s' WHERE client = 'old'")
    await forget_windows(connection, 60)
    assert await rows(connection, "SELECT client FROM rate_windows") == [("young",)]
