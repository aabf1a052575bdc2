"""Single flight: one question at a time, and nobody gets an answer from before he asked."""

import asyncio
from itertools import count
from typing import Any

import pytest

from kasparro.api.single_flight import SingleFlight


class Clock:
    """Something to read: each reading takes some turns and gives the moment at which it began."""

    def __init__(self) -> None:
        self.now = count(1)
        self.reading = 0
        self.readings = 0
        self.broken = False

    async def read(self) -> int:
        self.reading += 1
        self.readings += 1
        assert self.reading == 1, "one at a time"
        began = next(self.now)
        for _ in range(3):
            await asyncio.sleep(0)
        self.reading -= 1
        if self.broken:
            raise OSError("broken")
        return began


async def test_many_share_a_reading_that_began_after_they_asked() -> None:
    clock = Clock()
    flight = SingleFlight(clock.read)

    async def ask(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        asked = next(clock.now)
        assert await flight.ask() > asked

    await asyncio.gather(*(ask(n % 20) for n in range(100)))
    assert clock.readings < 20


async def test_an_error_reaches_all_who_wait_and_nobody_after() -> None:
    clock = Clock()
    flight = SingleFlight(clock.read)
    clock.broken = True
    told = await asyncio.gather(*(flight.ask() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in told] == [OSError] * 5
    clock.broken = False
    assert await flight.ask()


@pytest.mark.parametrize("broken", [False, True])
async def test_a_question_that_was_given_up_stops_nothing(broken: bool) -> None:
    clock = Clock()
    flight = SingleFlight(clock.read)
    given_up = flight.ask()
    await asyncio.sleep(0)
    given_up.cancel()
    clock.broken = broken
    await asyncio.sleep(0)
    later = flight.ask()
    async with asyncio.timeout(10):
        if broken:
            with pytest.raises(OSError, match="broken"):
                await later
        else:
            assert await later


async def test_listeners_hear_what_was_read_after_they_asked_and_nothing_where_reading_fails() -> None:
    reads = 0
    broken: list[dict[str, Any]] = []
    going_on = asyncio.Event()

    async def read() -> int:
        nonlocal reads
        reads += 1
        if reads == 3:
            raise ValueError
        await going_on.wait()
        return reads

    def breaks(answer: object) -> None:
        raise OSError

    flight, heard = SingleFlight(read), list[tuple[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: broken.append(told))
    flight.tell(breaks)
    flight.tell(lambda answer: heard.append(("first", answer)))
    await asyncio.sleep(0)
    flight.tell(lambda answer: heard.append(("late", answer)))
    late = flight.ask()
    assert heard == []
    going_on.set()
    assert await late == 2
    assert heard == [("first", 1), ("late", 2)]
    flight.tell(lambda answer: heard.append(("failed", answer)))
    with pytest.raises(ValueError):
        await flight.ask()
    assert heard[2][0] == "failed" and isinstance(heard[2][1], ValueError)
    assert [type(told["exception"]) for told in broken] == [OSError]
