"""Reprocessing: today's parsers over the kept payloads; only differences are written."""

from collections.abc import Callable, Sequence

import msgspec

from kasparro.ingest.claimed import Claimed, claimed_source
from kasparro.ingest.keep import dated_ahead
from kasparro.market.coin import Coin
from kasparro.market.rejection import Rejection
from kasparro.sources.contract import Parsed, Payload, RefusedPayload, Request, Source
from kasparro.store.payloads import Load, last_loads, read_payload
from kasparro.store.rejections import reject, resolve_accepted
from kasparro.store.reprocessing import Differences, post_coin_differences, post_differences, replayed_ordinals
from kasparro.store.staging import create_restaging, restage_quotes


class Reprocessed(msgspec.Struct, frozen=True, kw_only=True):
    """What reprocessing one source read and wrote. All four written counts are 0 when nothing changed."""

    source: str
    parser: str
    run_id: int
    payloads: int
    records: int
    versions: int
    retractions: int
    coins: int
    resolved: int


async def reprocess(url: str, source: Source, *, tell: Callable[[int, int], None]) -> Reprocessed:
    """Read all kept payloads of `source` again, in arrival order, and write only the differences.

    One transaction: either all differences are in the ledger afterwards or none. `tell(done, of)` reports
    progress in payloads. Raises SourcesBusy.
    """
    async with claimed_source(url, source.name, kind="reprocess") as claimed:
        loads = await last_loads(claimed.connection, source.name)
        async with claimed.connection.transaction():
            return await _Reprocessing(source, claimed).run(loads, tell)


class _Reprocessing:
    def __init__(self, source: Source, claimed: Claimed) -> None:
        self._source = source
        self._claimed = claimed
        self._connection = claimed.connection
        self._read: dict[int, tuple[int, int]] = {}
        self._rejected: dict[int, list[Rejection]] = {}
        self._coin_lists: list[tuple[Load, list[Coin]]] = []
        self._coins = 0
        self._said: set[str] = set()
        self._whole = False

    async def run(self, loads: list[Load], tell: Callable[[int, int], None]) -> Reprocessed:
        await create_restaging(self._connection)
        # Newest first, so that of each coin only what was said of it last is compared.
        for done, load in enumerate(reversed(loads), 1):
            await self._restage(load)
            tell(done, len(loads))
        differences, written = await post_differences(
            self._connection,
            source=self._source.name,
            step_id=self._claimed.step_id,
            parser=self._source.parser,
            read=self._read,
        )
        for load, coins in self._coin_lists:
            # After all parsing: from the first load that is opened on, other sources wait for this transaction.
            self._coins += await post_coin_differences(
                self._connection, load, coins, step_id=self._claimed.step_id, parser=self._source.parser
            )
        resolved = await self._settle_rejections(loads, written)
        return self._report(loads, differences, resolved)

    async def _restage(self, load: Load) -> None:
        parsed = parse_again(self._source, load, await read_payload(self._connection, load.sha256))
        late = dated_ahead(parsed.quotes, load.known_at if load.kind == "replay" else load.fetched_at)
        rejections = [*parsed.rejections, *late]
        out = {rejection.ordinal for rejection in late}
        if load.kind == "replay":
            # A replay brought only some records of its payload; the others came with the first load.
            wanted = await replayed_ordinals(self._connection, load.load_id)
            out |= {quote.ordinal for quote in parsed.quotes if quote.ordinal not in wanted}
        quotes = [quote for quote in parsed.quotes if quote.ordinal not in out] if out else parsed.quotes
        await restage_quotes(
            self._connection, quotes, load=load.load_id, dataset=load.dataset, period=load.request.get("period", "")
        )
        records = len(quotes) + len(rejections)
        self._read[load.load_id] = (records, len(rejections))
        if load.kind == "ingest":
            self._rejected[load.load_id] = rejections
        coins = self._not_said_later(parsed.coins)
        self._whole = self._whole or parsed.whole
        if coins:
            self._coin_lists.append((load, coins))

    def _not_said_later(self, coins: Sequence[Coin]) -> list[Coin]:
        """`coins` without what a newer payload says otherwise; their addresses are all kept.

        A newer list that is whole says of every other coin that it is listed no longer.
        """
        newest = [
            msgspec.structs.replace(coin, symbol=None, name=None, is_active=None)
            if self._whole or coin.source_coin_id in self._said
            else coin
            for coin in coins
        ]
        self._said |= {coin.source_coin_id for coin in newest if _says(coin)}
        return [coin for coin in newest if _says(coin) or coin.addresses]

    async def _settle_rejections(self, loads: list[Load], written: dict[int, int]) -> int:
        """Keep what is rejected only today; resolve what isn't rejected any more."""
        resolved = 0
        for load in loads:
            if load.kind != "ingest":
                continue
            rejections = self._rejected[load.load_id]
            by = written.get(load.load_id, load.load_id)
            await reject(self._connection, self._source.name, load.stream, by, rejections, again=False)
            resolved += await resolve_accepted(
                self._connection, load.sha256, [rejection.ordinal for rejection in rejections], by=by
            )
        return resolved

    def _report(self, loads: list[Load], differences: Differences, resolved: int) -> Reprocessed:
        return Reprocessed(
            source=self._source.name,
            parser=self._source.parser,
            run_id=self._claimed.run_id,
            payloads=len(loads),
            records=sum(records for records, _ in self._read.values()),
            versions=differences.versions,
            retractions=differences.retractions,
            coins=self._coins,
            resolved=resolved,
        )


def _says(coin: Coin) -> bool:
    return not (coin.symbol is None and coin.name is None and coin.is_active is None)


def parse_again(source: Source, load: Load, body: bytes) -> Parsed:
    """What today's parser reads from a kept payload; nothing when it refuses it."""
    request = msgspec.convert(load.request, Request)
    try:
        return source.parse(request, Payload(body, load.fetched_at, load.about, load.simulated))
    except RefusedPayload:
        return Parsed()
