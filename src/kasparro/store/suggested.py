"""Suggestions and verdicts as the API shows them: what waits for a person, and what people decided."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from kasparro.store.connection import Connection


def _named(alias: str, *more: str) -> str:
    members = f"'source', {alias}.source, 'dataset', nullif({alias}.dataset, ''), 'crypto_id', {alias}.source_coin_id"
    return f"jsonb_build_object({', '.join((members, *more))})::text"


def _called(alias: str, quote: str) -> str:
    return _named(
        alias, f"'symbol', coalesce({quote}.symbol, {alias}.symbol)", f"'name', coalesce({quote}.name, {alias}.name)",
        f"'asset', (SELECT slug FROM assets s WHERE s.asset_id = {alias}.asset_id)",
    )  # fmt: skip


_JOINS = "JOIN listings l ON l.listing_id = p.listing_id JOIN listings o ON o.listing_id = p.other_id"
_QUOTES = """
  LEFT JOIN latest_quotes lq ON lq.listing_id = p.listing_id LEFT JOIN latest_quotes oq ON oq.listing_id = p.other_id"""
_CONCERNED = "(p.listing_id = ANY(%(listings)s) OR p.other_id = ANY(%(listings)s))"
_WAITS = """NOT EXISTS (SELECT FROM verdicts v WHERE v.withdrawn_at IS NULL
                    AND (v.listing_id, v.other_id) = (p.listing_id, p.other_id))"""

_SUGGESTIONS = f"""
SELECT {_called("l", "lq")} AS one, {_called("o", "oq")} AS other, p.score::text AS score, p.reason,
       p.evidence::text AS evidence, p.since
  FROM suggestions p {_JOINS} {_QUOTES}
 WHERE {_WAITS} {{condition}}
 ORDER BY p.score DESC, p.listing_id, p.other_id OFFSET %(offset)s LIMIT %(limit)s"""

# What was decided or taken back later isn't known yet at a past moment, nor how the listings will be called.
_VERDICTS = f"""
SELECT p.verdict_id, {_named("l")} AS one, {_named("o")} AS other, p.same, p.note, p.decided_at,
       CASE WHEN %(until)s::timestamptz IS NULL OR p.withdrawn_at <= %(until)s THEN p.withdrawn_at END AS withdrawn_at
  FROM verdicts p {_JOINS}
 WHERE {_CONCERNED} AND (%(until)s::timestamptz IS NULL OR p.decided_at <= %(until)s)
 ORDER BY p.verdict_id DESC"""


class Suggested(msgspec.Struct, frozen=True):
    """Two listings that may be one coin, for a person to decide: how likely (`score`, a number's text), why it is no
    link, and since when that is so (UTC). `one`, `other` and `evidence` are the texts of JSON objects."""

    one: str
    other: str
    score: str
    reason: str
    evidence: str
    since: datetime


class Judged(msgspec.Struct, frozen=True):
    """What a person decided of two listings, and when it was taken back, if it was. `one` and `other` are the texts of
    JSON objects; times are in UTC."""

    verdict_id: int
    one: str
    other: str
    same: bool
    note: str
    decided_at: datetime
    withdrawn_at: datetime | None


async def read_suggestions(connection: Connection, *, limit: int, offset: int) -> tuple[int, list[Suggested]]:
    """What waits for a person: how many there are, and `limit` after the first `offset`, the likeliest first."""
    row = await (await connection.execute(f"SELECT count(*) FROM suggestions p WHERE {_WAITS}".encode())).fetchone()
    assert row is not None
    return int(row[0]), await _suggestions(connection, "", (), limit, offset)


async def suggestions_about(connection: Connection, listings: Collection[int], limit: int) -> list[Suggested]:
    """What waits for a person of the listings with these ids."""
    return await _suggestions(connection, f"AND {_CONCERNED}", listings, limit, 0)


async def verdicts_about(connection: Connection, listings: Collection[int], until: datetime | None) -> list[Judged]:
    """What people have decided of the listings with these ids, newest first; as known at the moment `until`."""
    async with connection.cursor(row_factory=class_row(Judged)) as cursor:
        await cursor.execute(_VERDICTS.encode(), {"listings": list(listings), "until": until})
        return await cursor.fetchall()


async def _suggestions(
    connection: Connection, condition: str, listings: Collection[int], limit: int, offset: int
) -> list[Suggested]:
    async with connection.cursor(row_factory=class_row(Suggested)) as cursor:
        statement = _SUGGESTIONS.format(condition=condition)
        await cursor.execute(statement.encode(), {"listings": list(listings), "limit": limit, "offset": offset})
        return await cursor.fetchall()
