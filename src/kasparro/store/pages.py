"""The page transaction: payload, quotes, latest, rejections, drift, journal and checkpoint, or nothing."""

from psycopg.types.json import Jsonb

from kasparro.market.drift import Drift
from kasparro.store.connection import Connection
from kasparro.store.page import Counts, Page
from kasparro.store.posting import delist, open_load, post_coins, post_quotes
from kasparro.store.rejections import reject, storable
from kasparro.store.staging import stage_coins, stage_quotes

_IS_KEPT = "SELECT FROM payloads WHERE sha256 = %s"
_KEEP_PAYLOAD = "INSERT INTO payloads (sha256, size, body) VALUES (%s, %s, %b) ON CONFLICT (sha256) DO NOTHING"

_JOURNAL = """
INSERT INTO loads (load_id, known_at, step_id, source, stream, dataset, kind, parser, sha256, request, about,
                   fetched_at, simulated, refusal, seen, new, unchanged, rejected)
VALUES (%s, %s, %s, %s, %s, %s, 'ingest', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

_CHECKPOINT = """
INSERT INTO checkpoints AS c (source, stream, cursor, updated_at, loads, quotes, seen, new, unchanged, rejected)
VALUES (%s, %s, %s, %s, 1, %s, %s, %s, %s, %s)
ON CONFLICT (source, stream) DO UPDATE
   SET cursor = excluded.cursor, updated_at = excluded.updated_at, loads = c.loads + 1,
       quotes = c.quotes + excluded.quotes, seen = c.seen + excluded.seen, new = c.new + excluded.new,
       unchanged = c.unchanged + excluded.unchanged, rejected = c.rejected + excluded.rejected"""

_DRIFT = """
INSERT INTO drift_events (source, stream, field, kind, found, confidence, required, load_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, stream, field, kind, found) DO NOTHING RETURNING field"""


async def post_page(connection: Connection, page: Page) -> tuple[Counts, list[Drift]]:
    """Commit one page, all of it or nothing; its balance, and the drift that had not been seen before.

    The connection must hold the claim on the page's source and have its staging tables.
    """
    async with connection.transaction():
        if page.quotes:
            await stage_quotes(connection, page.quotes)
        if page.coins:
            await stage_coins(connection, page.coins)
        load, known_at = await open_load(connection)
        await _keep_payload(connection, page)
        quotes = coins = 0
        if page.quotes:
            quotes = await post_quotes(
                connection, load, known_at, page.quotes, source=page.source, dataset=page.dataset, period=page.period
            )
        if page.coins:
            coins = await post_coins(connection, load, source=page.source)
            # A record that couldn't be read may be the one that seems to be missing.
            if page.whole and len(page.rejections) * 100 <= len(page.coins):
                await delist(connection, load, source=page.source)
        new = quotes + coins
        seen, rejected = len(page.quotes) + len(page.coins) + len(page.rejections), len(page.rejections)
        counts = Counts(seen, new, seen - new - rejected, rejected)
        await reject(connection, page.source, page.stream, load, page.rejections)
        drift = await _record_drift(connection, page, load)
        await _journal(connection, page, load, known_at, counts)
        if page.cursor is not None:
            await connection.execute(
                _CHECKPOINT,
                (page.source, page.stream, Jsonb(dict(page.cursor)), known_at, quotes, counts.seen, counts.new,
                 counts.unchanged, counts.rejected),
            )  # fmt: skip
    return counts, drift


async def _keep_payload(connection: Connection, page: Page) -> None:
    """Keep the page's bytes; those of a page that came before don't travel again."""
    kept = await connection.execute(_IS_KEPT, (page.sha256,))
    if not await kept.fetchone():
        await connection.execute(_KEEP_PAYLOAD, (page.sha256, page.size, page.body))


async def _journal(connection: Connection, page: Page, load: int, known_at: object, counts: Counts) -> None:
    await connection.execute(
        _JOURNAL,
        (load, known_at, page.step_id, page.source, page.stream, page.dataset, page.parser, page.sha256,
         Jsonb(dict(page.request)), Jsonb(dict(page.about)), page.fetched_at, page.simulated, page.refusal,
         counts.seen, counts.new, counts.unchanged, counts.rejected),
    )  # fmt: skip


async def _record_drift(connection: Connection, page: Page, load: int) -> list[Drift]:
    first_seen = []
    for drift in page.drift:
        cursor = await connection.execute(
            _DRIFT,
            (page.source, page.stream, storable(drift.field), drift.kind, storable(drift.found), drift.confidence,
             drift.required, load),
        )  # fmt: skip
        if await cursor.fetchone():
            first_seen.append(drift)
    return first_seen
