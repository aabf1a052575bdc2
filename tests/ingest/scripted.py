"""A source whose payloads and whose parser are what a test says: small JSON records, no network."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kasparro.errors import Skippable
from kasparro.market.amount import exact
from kasparro.market.coin import Coin
from kasparro.market.drift import Drift, DriftKind
from kasparro.market.quote import Quote
from kasparro.market.rejection import Reason, Rejection
from kasparro.sources.contract import Cursor, Parsed, Payload, RefusedPayload, Request, Stream, Tally

Record = dict[str, Any]
Read = Callable[[Record], Record | None]
_OTHERS = ("market_cap_usd", "volume_24h_usd", "change_24h_percent", "total_supply", "max_supply")
Answer = bytes | Exception | Callable[[], Awaitable[bytes]]


def read_plainly(record: Record) -> Record | None:
    """The first parser: takes every record as it is."""
    return record


def body(*records: Record) -> bytes:
    """A payload: one record a line, so that a record's text can be told from the others'."""
    return b"[" + b",\n".join(json.dumps(record).encode() for record in records) + b"]"


def record(coin: str, price: str | None, at: str = "2026-03-01T00:00:00Z", **more: Any) -> Record:
    """A quote's record; the price is a text that stands in the payload digit by digit."""
    return {"id": coin, "at": at, "price": price, **more}


class Scripted:
    """A source with one stream `pages` (or those of `streams`); page n answers with what stands there.

    An answer is the bytes, an error to raise, or something to await. `read` is the parser: it gives the
    record to take, None for one that it doesn't see. A record with `bad` is rejected, one with `coin` is of a
    coin list (all of it, when `whole`), one with `refuse` makes the whole payload no data, one with `drift` reports
    that field.
    """

    def __init__(
        self,
        *answers: Answer,
        name: str = "scripted",
        streams: Mapping[str, Sequence[Answer]] | None = None,
        concurrency: int = 2,
        arrived: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.parser = f"{name}/1"
        self.concurrency = concurrency
        self.read: Read = read_plainly
        self.address = "memory"
        self.tally = Tally()
        self.asked: list[tuple[str, int]] = []
        self.closed = False
        self.dataset = ""
        self.whole = False
        self.context: Callable[[int], dict[str, Any]] = lambda position: {}
        self.streams = {"pages": list(answers)} if streams is None else {k: list(v) for k, v in streams.items()}
        self._arrived = arrived

    def plan(self, checkpoints: Mapping[str, Cursor], now: datetime) -> Sequence[Stream]:
        planned = []
        for name, answers in self.streams.items():
            cursor = checkpoints.get(name) or {"done": [], "complete": False}
            if cursor["complete"]:
                cursor = {"done": [], "complete": False}
            left = [n for n in range(1, len(answers) + 1) if n not in cursor["done"]]
            planned.append(Stream(name, [self.request(name, n) for n in left], cursor))
        return planned

    def request(self, stream: str, position: int) -> Request:
        return Request(stream, f"/{stream}", position, dataset=self.dataset, context=self.context(position))

    async def fetch(self, request: Request) -> Payload:
        self.asked.append((request.stream, request.position))
        self.tally.requests += 1
        answer = self.streams[request.stream][request.position - 1]
        if isinstance(answer, Exception):
            raise answer
        content = answer if isinstance(answer, bytes) else await answer()
        return Payload(content, self._arrived(), {"status": 200})

    def parse(self, request: Request, payload: Payload) -> Parsed:
        quotes: list[Quote] = []
        coins: list[Coin] = []
        rejections: list[Rejection] = []
        drift: list[Drift] = []
        for ordinal, sent in enumerate(json.loads(payload.body)):
            read = self.read(sent)
            if read is None:
                continue
            if "refuse" in read:
                raise RefusedPayload(
                    "the required field 'price' is missing",
                    remedy="Reprocess later",
                    drift=[Drift("price", DriftKind.MISSING, required=True)],
                )
            if "drift" in read:
                drift.append(Drift(read["drift"], DriftKind.NEW, "string"))
            if "bad" in read:
                rejections.append(Rejection(ordinal, Reason.BAD_NUMBER, read["bad"], json.dumps(sent)))
            elif "coin" in read:
                coins.append(_coin(ordinal, read))
            else:
                quotes.append(_quote(ordinal, read, request.context.get("at")))
        return Parsed(quotes, coins, rejections, drift, whole=self.whole)

    def excerpt(self, request: Request, payload: Payload, ordinal: int) -> str:
        return payload.body.decode()[1:-1].split(",\n")[ordinal]

    def advance(self, cursor: Cursor, request: Request, payload: Payload, *, complete: bool) -> Cursor:
        return {"done": sorted({*cursor["done"], request.position}), "complete": complete}

    def abandon(self, cursor: Cursor) -> Cursor:
        return {**cursor, "abandoned": True}

    async def close(self) -> None:
        self.closed = True


def _quote(ordinal: int, read: Record, at: str | None) -> Quote:
    moment = datetime.fromisoformat(at or read["at"])
    price = None if read["price"] is None else exact(read["price"])
    name = read.get("name", read["id"].title())
    supply = read.get("supply")
    others = {field: exact(read[field]) for field in _OTHERS if read.get(field) is not None}
    return Quote(
        ordinal,
        read["id"],
        read.get("symbol", read["id"].upper()),
        name,
        moment,
        read.get("rank"),
        price,
        circulating_supply=None if supply is None else exact(supply),
        **others,
    )


def _coin(ordinal: int, read: Record) -> Coin:
    addresses = tuple((chain, address) for chain, address in read.get("addresses", []))
    return Coin(ordinal, read["coin"], read.get("symbol"), read.get("name"), read.get("active"), addresses)


def unavailable(why: str = "the provider has a fault (500)") -> Skippable:
    """A page that can't be had."""
    return Skippable(why, remedy="Try later")


async def never() -> bytes:
    """An answer that doesn't come."""
    await asyncio.Event().wait()
    raise AssertionError
