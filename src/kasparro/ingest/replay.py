"""Replay: rejected records through today's parser; they fill holes and never override what came later."""

from datetime import UTC, datetime

import msgspec

from kasparro.ingest.claimed import Claimed, claimed_source
from kasparro.ingest.reprocess import parse_again
from kasparro.market.quote import ahead_of_time
from kasparro.sources.contract import Source
from kasparro.store.connection import connect
from kasparro.store.page import Counts
from kasparro.store.payloads import Load, loads_with_open_rejections, read_payload
from kasparro.store.replaying import post_replay


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay of one source's rejections did: tried, accepted as new, already known, still rejected."""

    source: str
    parser: str
    run_id: int | None
    counts: Counts


async def replay(url: str, source: Source) -> Replayed:
    """Try the open rejections of `source` again; no run is made where there are none. Raises SourcesBusy."""
    connection = await connect(url)
    try:
        if not await loads_with_open_rejections(connection, source.name):
            return Replayed(source=source.name, parser=source.parser, run_id=None, counts=Counts())
    finally:
        await connection.close()
    async with claimed_source(url, source.name, kind="replay") as claimed:
        counts = Counts()
        for load, ordinals in await loads_with_open_rejections(claimed.connection, source.name):
            counts += await _replay_load(source, claimed, load, ordinals)
        return Replayed(source=source.name, parser=source.parser, run_id=claimed.run_id, counts=counts)


async def _replay_load(source: Source, claimed: Claimed, load: Load, ordinals: list[int]) -> Counts:
    parsed = parse_again(source, load, await read_payload(claimed.connection, load.sha256))
    wanted = set(ordinals)
    late = {rejection.ordinal for rejection in ahead_of_time(parsed.quotes, datetime.now(UTC))}
    fit = [quote for quote in parsed.quotes if quote.ordinal in wanted - late]
    # Of several records for one moment the payload's last one counts, as when they had come in one by one.
    quotes = list({(quote.source_coin_id, quote.observed_at): quote for quote in fit}.values())
    coins = [coin for coin in parsed.coins if coin.ordinal in wanted]
    rejected = len(wanted) - len(fit) - len(coins)
    if not quotes and not coins:
        return Counts(seen=rejected, rejected=rejected)
    return await post_replay(
        claimed.connection,
        load,
        quotes,
        coins,
        fit=[quote.ordinal for quote in fit] + [coin.ordinal for coin in coins],
        rejected=rejected,
        step_id=claimed.step_id,
        parser=source.parser,
    )
