"""What every source offers to a run: three small pure steps around one impure one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from kasparro.errors import Skippable
from kasparro.market.coin import Coin
from kasparro.market.drift import Drift
from kasparro.market.quote import Quote
from kasparro.market.rejection import Rejection

Cursor = dict[str, Any]
"""How far a stream has been committed. Its keys belong to the source; the ledger keeps it as JSON.

A key that ends in `_at` holds a time of our own clock and is left out when two ledgers are compared."""


class Request(msgspec.Struct, frozen=True):
    """One thing to ask a source for. Kept with its payload, so it must hold all that `parse` needs.

    `path` and `params` are the resource below the source's root (for a file: its path), without secrets;
    `position` orders the requests of a stream; `dataset` names the file that a CSV listing belongs to
    (empty for providers); `period` is the candle's length, such as `1d` (empty for a plain quote);
    `context` is what the parser needs beside the bytes.
    """

    stream: str
    path: str
    position: int = 1
    params: dict[str, str] = {}
    dataset: str = ""
    period: str = ""
    context: dict[str, Any] = {}


class Payload(msgspec.Struct, frozen=True):
    """The raw bytes of one answer.

    `fetched_at` is our clock (UTC); `about` what is worth keeping of the answer beside its bytes (status,
    `age`, `etag` …); `simulated` is True when the sandbox made them; `last` is True when the source knows
    that nothing follows.
    """

    body: bytes
    fetched_at: datetime
    about: dict[str, Any] = {}
    simulated: bool = False
    last: bool = False


class Parsed(msgspec.Struct, frozen=True):
    """What a payload says. Every record is in exactly one of `quotes`, `coins` and `rejections`.

    `whole` is True when `coins` are all that the source lists: what isn't among them is listed no longer. `follow` are
    further requests that this payload makes necessary; `end` is True when the stream has nothing behind this payload.
    """

    quotes: Sequence[Quote] = ()
    coins: Sequence[Coin] = ()
    rejections: Sequence[Rejection] = ()
    drift: Sequence[Drift] = ()
    whole: bool = False
    follow: Sequence[Request] = ()
    end: bool = False


class Stream(msgspec.Struct, frozen=True):
    """One sequence of requests with a checkpoint of its own, ready to be worked off.

    `cursor` is the state to start from. `notes` are told to the person who runs it. `error` is set when the
    stream can't be read at all (a broken file): the other streams go on.
    """

    name: str
    requests: Sequence[Request]
    cursor: Cursor
    notes: Sequence[str] = ()
    error: Skippable | None = None


class Tally(msgspec.Struct):
    """What a source's client has sent so far: requests, and how many of them were retries."""

    requests: int = 0
    retries: int = 0


class Source(Protocol):
    """A provider of quotes.

    `name` is the word in the ledger, `parser` the version of `parse` that stands in each receipt: raise it
    with every change of what `parse` returns. `concurrency` is how many requests may be under way. `address`
    is where it reads from (a URL, or a path or pattern of files), `tally` what it has sent.
    """

    @property
    def name(self) -> str: ...
    @property
    def parser(self) -> str: ...
    @property
    def concurrency(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def tally(self) -> Tally: ...

    def plan(self, checkpoints: Mapping[str, Cursor], now: datetime) -> Sequence[Stream]:
        """The streams that are due at `now`, given the committed cursor of each stream."""
        ...

    async def fetch(self, request: Request) -> Payload:
        """The answer's bytes. The one impure step. Raises errors of `sources.errors`."""
        ...

    def parse(self, request: Request, payload: Payload) -> Parsed:
        """What the bytes say. Pure: the same bytes give the same answer for ever.

        Raises RefusedPayload when the bytes are not data (a required field vanished, an error object).
        """
        ...

    def excerpt(self, request: Request, payload: Payload, ordinal: int) -> str:
        """The text of the record at `ordinal`, cut out of the bytes as they are. Pure."""
        ...

    def advance(self, cursor: Cursor, request: Request, payload: Payload, *, complete: bool) -> Cursor:
        """The cursor after this payload is committed; `complete` when the stream ends with it. Pure."""
        ...

    def abandon(self, cursor: Cursor) -> Cursor:
        """The cursor after a stream was tried to its end with requests that could not be had. Pure."""
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...


class RefusedPayload(Skippable):
    """The bytes are not data: kept as evidence, their stream's step is failed."""

    def __init__(self, message: str, *, remedy: str = "", drift: Sequence[Drift] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.drift = tuple(drift)
