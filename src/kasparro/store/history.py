"""The history of one listing, as the ledger knows it or knew it, rendered by PostgreSQL."""

from datetime import datetime
from typing import Literal

import msgspec

from kasparro.store.connection import Connection
from kasparro.store.latest import about_listings, row_json


class Past(msgspec.Struct, frozen=True):
    """One quote of a history: its moment (UTC), and its JSON object without the closing brace."""

    observed_at: datetime
    body: str


async def read_history(
    connection: Connection, listing_id: int, *, start: datetime | None, end: datetime | None, version: int | None,
    order: Literal["asc", "desc"], beyond: datetime | None, limit: int,
) -> list[Past]:  # fmt: skip
    """The listing's quotes from `start` to `end` (both included), beginning after `beyond`, the last version of each.

    `version` is the last that counts (None: all), for names and assets too. Retracted quotes are left out.
    """
    direction = "DESC" if order == "desc" else "ASC"
    conditions = [
        "h.listing_id = %(listing_id)s",
        *(["h.observed_at >= %(start)s"] if start else []),
        *(["h.observed_at <= %(end)s"] if end else []),
        *(["h.quote_id < (%(version)s::bigint + 1) << 20"] if version is not None else []),
        *([f"h.observed_at {'<' if order == 'desc' else '>'} %(beyond)s"] if beyond else []),
    ]
    statement = f"""
        SELECT q.observed_at, {row_json("q", "a", "l")} AS body
          FROM (SELECT * FROM (SELECT DISTINCT ON (h.observed_at) h.* FROM quotes h WHERE {" AND ".join(conditions)}
                                ORDER BY h.observed_at {direction}, h.version DESC) v
                 WHERE NOT retracted ORDER BY observed_at {direction} LIMIT %(limit)s) q
          JOIN {about_listings(then=version is not None)} a USING (listing_id)
          JOIN loads l ON l.load_id = q.quote_id >> 20
         WHERE a.listing_id = %(listing_id)s
         ORDER BY q.observed_at {direction}"""
    cursor = await connection.execute(
        statement.encode(),
        {"listing_id": listing_id, "start": start, "end": end, "version": version, "beyond": beyond, "limit": limit},
    )
    return [Past(*row) for row in await cursor.fetchall()]
