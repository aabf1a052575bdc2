"""One request on its way: whose it is, whether its plan allows it, what is answered, what goes wrong."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kasparro.sandbox.answers import RECORDED, SYNTHETIC, Answer, counted, document
from kasparro.sandbox.clock import Clock, millis_text
from kasparro.sandbox.coingecko import CoinGecko
from kasparro.sandbox.coinpaprika import CoinPaprika
from kasparro.sandbox.coins import build
from kasparro.sandbox.control import Control
from kasparro.sandbox.effects import Manner, Scene, suffer
from kasparro.sandbox.faults import FaultBoard
from kasparro.sandbox.http import Reply, Request
from kasparro.sandbox.market import Market
from kasparro.sandbox.plans import GeckoGate, PaprikaGate
from kasparro.sandbox.recorded import Library
from kasparro.sandbox.replay import RecordedCoinGecko, RecordedCoinPaprika
from kasparro.sandbox.settings import SandboxSettings

_KEPT_ANSWERS = 1_024
GECKO_PREFIX = "/api/v3"
PAPRIKA_PREFIX = "/v1"


class Provider(Protocol):
    """Answers GET requests below a provider's root."""

    def answer(self, path: str, query: Mapping[str, str], now: float, /) -> Answer: ...


class Gate(Protocol):
    """Refuses what a plan doesn't allow, and counts what it does."""

    def refuse(self, path: str, query: Mapping[str, str], headers: Mapping[str, str], /) -> Answer | None: ...

    def charge(self, query: Mapping[str, str], headers: Mapping[str, str], status: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class _Room:
    """One provider's place in the sandbox."""

    name: str
    prefix: str
    provider: Provider
    gate: Gate


class App:
    """Answers every request of the sandbox; `origin` is its own address, such as `http://127.0.0.1:9000`."""

    def __init__(
        self,
        settings: SandboxSettings,
        library: Library | None,
        origin: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = Clock(settings.frozen_at)
        self._faults = FaultBoard(settings.faults)
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._control = Control(self._faults, self._clock, self._counts)
        self._kept: dict[tuple[str, str, tuple[tuple[str, str], ...]], Answer] = {}
        self._kept_at: object = None
        self._source = RECORDED if library else SYNTHETIC
        gecko, paprika = _providers(settings, library, origin)
        clock = self._clock
        self._rooms = (
            _Room("coingecko", GECKO_PREFIX, gecko, GeckoGate(settings.coingecko_plan, clock, monotonic)),
            _Room(
                "coinpaprika",
                PAPRIKA_PREFIX,
                paprika,
                PaprikaGate(settings.coinpaprika_plan, clock, monotonic),
            ),
        )

    async def handle(self, request: Request) -> Reply:
        """The reply to one request; it has taken as long as the request's faults make it."""
        if request.path.startswith("/_sandbox/"):
            return Reply(self._control.answer(request), self._clock.now())
        for room in self._rooms:
            if request.path.startswith(f"{room.prefix}/"):
                return await self._serve(room, request)
        roots = [room.prefix for room in self._rooms]
        return Reply(
            document({"error": f"the sandbox serves {', '.join(roots)} and /_sandbox"}, 404),
            self._clock.now(),
        )

    async def _serve(self, room: _Room, request: Request) -> Reply:
        path = request.path.removeprefix(room.prefix)
        now = self._clock.now()
        if request.method not in ("GET", "HEAD"):
            answer = Answer(405, b'{"error":"method not allowed"}', (("Allow", "GET, HEAD"),), origin=self._source)
            return self._counted(room, path, Reply(answer, now))
        delay, manner = self._settings.latency_ms / 1_000, Manner.WHOLE
        refusal = room.gate.refuse(path, request.query, request.headers)
        if refusal is not None:
            answer = refusal
        else:
            answer = self._answer(room, path, request.query, now)
            if struck := self._faults.strike(room.name, path, request.query):
                scene = Scene(
                    room.name, millis_text(now), lambda step: self._page(room, path, request.query, step, now)
                )
                outcome = suffer(struck, answer, scene)
                answer, manner, delay = outcome.answer, outcome.manner, delay + outcome.delay
            room.gate.charge(request.query, request.headers, answer.status)
        if delay:
            await asyncio.sleep(delay)
        age = int(now % self._settings.tick_seconds) if room.name == "coingecko" and answer.status == 200 else None
        return self._counted(room, path, Reply(answer, now, manner, age))

    def _counted(self, room: _Room, path: str, reply: Reply) -> Reply:
        status = 0 if reply.manner is Manner.RESET else reply.answer.status
        self._counts[room.name, path, status] += 1
        return reply

    def _answer(self, room: _Room, path: str, query: Mapping[str, str], now: float) -> Answer:
        tick = now // self._settings.tick_seconds
        if tick != self._kept_at or len(self._kept) >= _KEPT_ANSWERS:
            self._kept.clear()
            self._kept_at = tick
        name = (room.name, path, tuple(query.items()))
        if name in self._kept:
            return self._kept[name]
        answer = room.provider.answer(path, query, now)
        if answer.status == 200 and not answer.volatile:
            self._kept[name] = answer
        return answer

    def _page(self, room: _Room, path: str, query: Mapping[str, str], step: int, now: float) -> tuple[bytes, ...]:
        page = (counted(query.get("page", "1"), 1, 1_000_000) or 1) + step
        if page < 1:
            return ()
        answer = self._answer(room, path, {**query, "page": str(page)}, now)
        paged = any(name == "per-page" for name, _ in answer.headers)
        return answer.records or () if paged else ()


def _providers(settings: SandboxSettings, library: Library | None, origin: str) -> tuple[Provider, Provider]:
    if library is not None:
        return RecordedCoinGecko(library, origin + GECKO_PREFIX), RecordedCoinPaprika(library)
    universe = build(settings.seed, settings.coingecko_coins, settings.coinpaprika_coins)
    market = Market(settings.seed, universe, settings.tick_seconds)
    long_history = settings.coingecko_plan in ("pro", "unlimited")
    paid = settings.coinpaprika_plan in ("paid", "unlimited")
    return (
        CoinGecko(market, origin + GECKO_PREFIX, long_history=long_history),
        CoinPaprika(market, origin + PAPRIKA_PREFIX, paid=paid),
    )
