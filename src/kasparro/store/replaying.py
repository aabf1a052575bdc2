"""The replay transaction: records that were rejected once and fit now, as a load of their own."""

from collections.abc import Sequence

from kasparro.market.coin import Coin
from kasparro.market.quote import Quote
from kasparro.store.connection import Connection
from kasparro.store.page import Counts
from kasparro.store.payloads import Load
from kasparro.store.posting import open_load, post_coins, post_quotes
from kasparro.store.rejections import resolve
from kasparro.store.staging import stage_coins, stage_quotes

JOURNAL = """
INSERT INTO loads (load_id, known_at, step_id, source, stream, dataset, kind, parser, sha256, request, about,
                   fetched_at, simulated, seen, new, unchanged, rejected, retracted)
SELECT %(load)s, %(known_at)s, %(step_id)s, source, stream, dataset, %(kind)s, %(parser)s, sha256, request,
       about, fetched_at, simulated, %(seen)s, %(new)s, %(unchanged)s, %(rejected)s, %(retracted)s
  FROM loads WHERE load_id = %(origin)s"""
"""A journal row for a load that reads the payload of `origin` again."""


async def post_replay(
    connection: Connection, origin: Load, quotes: Sequence[Quote], coins: Sequence[Coin], *, fit: Sequence[int],
    rejected: int, step_id: int, parser: str,
) -> Counts:  # fmt: skip
    """Commit records of the payload of `origin`; those at the positions `fit` fit now, `rejected` others still don't.

    `quotes` are theirs without those that a later record overtakes. One enters only where the ledger has none
    for its listing and moment.
    """
    async with connection.transaction():
        await stage_quotes(connection, quotes)
        await stage_coins(connection, coins)
        load, known_at = await open_load(connection)
        new = await post_quotes(
            connection, load, known_at, quotes, source=origin.source, dataset=origin.dataset,
            period=origin.request.get("period", ""), holes_only=True,
        )  # fmt: skip
        if coins:
            new += await post_coins(connection, load, source=origin.source)
        counts = Counts(len(fit) + rejected, new, len(fit) - new, rejected)
        await connection.execute(
            JOURNAL,
            {"load": load, "known_at": known_at, "step_id": step_id, "kind": "replay", "parser": parser,
             "seen": counts.seen, "new": new, "unchanged": counts.unchanged, "rejected": rejected,
             "retracted": 0, "origin": origin.load_id},
        )  # fmt: skip
        await resolve(connection, origin.load_id, fit, by=load)
    return counts
