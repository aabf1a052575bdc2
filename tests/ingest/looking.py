"""Putting pages into a ledger by hand, and looking at what it holds."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from kasparro.ingest.keep import make_page
from kasparro.market.drift import Drift
from kasparro.sources.contract import Parsed, Payload, RefusedPayload
from kasparro.store.connection import Connection
from kasparro.store.page import Counts
from kasparro.store.pages import post_page
from kasparro.store.runs import open_run
from tests.ingest.scripted import Scripted

Key = tuple[str, str, datetime]
"""Dataset, coin and moment: what one observation is of."""


class Kept(NamedTuple):
    """One version of one quote, as it stands in the ledger."""

    key: Key
    version: int
    price: Decimal | None
    retracted: bool
    quote_id: int
    load: int


class Desk:
    """Posts payloads of scripted sources one by one, each in a step of a run of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.drift: list[Drift] = []
        self._steps: dict[str, int] = {}

    async def post(
        self,
        source: Scripted,
        content: bytes,
        *,
        stream: str = "pages",
        position: int = 1,
        arrived: datetime | None = None,
        checkpoint: dict[str, Any] | None = None,
    ) -> Counts:
        """Keep `content` as what `source` answered, in one page transaction."""
        if source.name not in self._steps:
            _, steps = await open_run(self.connection, kind="ingest", sources=[source.name], host="here", pid=1)
            self._steps |= steps
        request = source.request(stream, position)
        payload = Payload(content, arrived or datetime.now(UTC))
        refusal = None
        try:
            parsed = source.parse(request, payload)
        except RefusedPayload as error:
            parsed, refusal = Parsed(), error
        page = make_page(source, self._steps[source.name], request, payload, parsed, checkpoint, refusal)
        counts, self.drift = await post_page(self.connection, page)
        return counts


async def known_at(connection: Connection) -> datetime:
    """When the newest load became known."""
    found: datetime = await value(connection, "SELECT known_at FROM ledger")
    return found


async def rows(connection: Connection, statement: str, *values: Any) -> list[Any]:
    """What a query gives."""
    cursor = await connection.execute(statement.encode(), values)
    return await cursor.fetchall()


async def value(connection: Connection, statement: str, *values: Any) -> Any:
    """The one value that a query gives."""
    [(found,)] = await rows(connection, statement, *values)
    return found


_VERSIONS = """
SELECT l.dataset, l.source_coin_id, q.observed_at, q.version, q.price_usd, q.retracted, q.quote_id, q.quote_id >> 20
  FROM quotes q JOIN listings l USING (listing_id)
 WHERE l.source = %s ORDER BY 1, 2, 3, 4"""

_AS_OF = """
SELECT DISTINCT ON (l.dataset, l.source_coin_id, q.observed_at)
       l.dataset, l.source_coin_id, q.observed_at, q.price_usd, q.retracted
  FROM quotes q JOIN listings l USING (listing_id) JOIN loads o ON o.load_id = q.quote_id >> 20
 WHERE l.source = %s AND o.known_at <= %s
 ORDER BY l.dataset, l.source_coin_id, q.observed_at, q.version DESC"""

_LATEST = """
SELECT dataset, source_coin_id, observed_at, price_usd, symbol, name FROM latest_quotes WHERE source = %s"""


async def versions(connection: Connection, source: str) -> list[Kept]:
    """Every version of every quote of `source`, in order."""
    return [
        Kept((dataset, coin, at), version, price, retracted, quote_id, load)
        for dataset, coin, at, version, price, retracted, quote_id, load in await rows(connection, _VERSIONS, source)
    ]


async def state(connection: Connection, source: str, at: datetime | None = None) -> dict[Key, Decimal | None]:
    """The price of each observation as it was known `at` that moment (by default now), without retracted ones."""
    moment = at or datetime(9999, 1, 1, tzinfo=UTC)
    found = await rows(connection, _AS_OF, source, moment)
    return {(dataset, coin, seen): price for dataset, coin, seen, price, retracted in found if not retracted}


async def latest(connection: Connection, source: str) -> dict[tuple[str, str], tuple[datetime, Decimal | None]]:
    """(dataset, coin) -> moment and price, as readers of the newest quotes find them."""
    return {(row[0], row[1]): (row[2], row[3]) for row in await rows(connection, _LATEST, source)}
