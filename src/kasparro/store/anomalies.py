"""Anomalies: keeping what an examination found, and reading it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from kasparro.market.anomaly.anomaly import LASTING, Anomaly, Kind
from kasparro.store.connection import Connection

_SEVERITIES = "ARRAY['critical', 'warning', 'info']"


class Finding(msgspec.Struct, frozen=True):
    """An anomaly, and what it is about: a quote of a listing, or without both the source's step.

    One of a quote's kind without a listing stands for `more` listings beyond those that are kept.
    """

    source: str
    anomaly: Anomaly
    listing_id: int | None = None
    quote_id: int | None = None

    @property
    def key(self) -> tuple[Kind, int | None]:
        """What it is known by among those of its source."""
        return self.anomaly.kind, self.listing_id


class Open(msgspec.Struct, frozen=True):
    """A lasting anomaly that hasn't ended; `more` where it stands for further listings."""

    anomaly_id: int
    kind: str
    listing_id: int | None
    more: int


class KeptAnomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly as it is kept; times are UTC.

    `run_id` is the run that found it first. What is `lasting` was found `times` until `last_found_at`, and is open
    while it has no `ended_at`. What concerns a step, or stands for many listings, has no coin.
    """

    anomaly_id: int
    run_id: int
    source: str
    kind: str
    severity: str
    reason: str
    evidence: dict[str, Any]
    crypto_id: str | None
    crypto_name: str | None
    symbol: str | None
    dataset: str | None
    asset: str | None
    quote_id: int | None
    found_at: datetime
    lasting: bool
    times: int
    last_found_at: datetime
    ended_at: datetime | None


_KEEP = """
INSERT INTO anomalies AS a (run_id, source, listing_id, quote_id, kind, severity, reason, evidence, lasting)
SELECT %(run_id)s, source, listing_id, quote_id, kind, severity, reason, evidence, lasting
  FROM unnest(%(source)s::text[], %(listing_id)s::int[], %(quote_id)s::bigint[], %(kind)s::text[],
              %(severity)s::text[], %(reason)s::text[], %(evidence)s::jsonb[], %(lasting)s::boolean[])
    AS f (source, listing_id, quote_id, kind, severity, reason, evidence, lasting)
ON CONFLICT (source, kind, coalesce(listing_id, 0)) WHERE lasting AND ended_at IS NULL DO UPDATE
   SET times = a.times + 1, last_found_at = clock_timestamp(), severity = excluded.severity,
       reason = excluded.reason, evidence = excluded.evidence, quote_id = excluded.quote_id"""
_END = "UPDATE anomalies SET ended_at = clock_timestamp() WHERE anomaly_id = ANY(%s) AND ended_at IS NULL"
# Readers remember answers until one of the ledger's counters moves; its row is always locked last.
_NOTICE = "UPDATE activity SET version = version + 1"

_OPEN = """
SELECT anomaly_id, kind, listing_id, coalesce((evidence ->> 'more')::int, 0) AS more
  FROM anomalies WHERE source = %s AND lasting AND ended_at IS NULL"""

_LIST = """
SELECT a.anomaly_id, a.run_id, a.source, a.kind, a.severity, a.reason, a.evidence, l.source_coin_id AS crypto_id,
       coalesce(q.name, l.name) AS crypto_name, coalesce(q.symbol, l.symbol) AS symbol,
       nullif(l.dataset, '') AS dataset, s.slug AS asset, a.quote_id, a.found_at, a.lasting, a.times,
       a.last_found_at, a.ended_at
  FROM anomalies a
  LEFT JOIN listings l USING (listing_id)
  LEFT JOIN latest_quotes q USING (listing_id)
  LEFT JOIN assets s ON s.asset_id = l.asset_id"""

_OF_COIN = "a.listing_id IN (SELECT listing_id FROM listings WHERE lower(source_coin_id) = lower(%(crypto_id)s))"
_OF_ASSET = (
    "a.listing_id IN (SELECT listing_id FROM listings JOIN assets USING (asset_id) WHERE slug = lower(%(asset)s))"
)

_STANDS_FOR = "sum(coalesce((evidence ->> 'more')::int, 1))::bigint"


async def open_anomalies(connection: Connection, source: str) -> list[Open]:
    """The lasting anomalies of the source that haven't ended."""
    async with connection.cursor(row_factory=class_row(Open)) as cursor:
        await cursor.execute(_OPEN, (source,))
        return await cursor.fetchall()


async def keep_anomalies(
    connection: Connection, run_id: int, found: Sequence[Finding], ended: Collection[int]
) -> None:  # fmt: skip
    """Keep what the run found, all of it or nothing, and end the lasting anomalies that are over.

    A lasting one that is open already counts up `times`, and shows what was found last.
    """
    if not found and not ended:
        return
    columns = {
        "source": [f.source for f in found], "listing_id": [f.listing_id for f in found],
        "quote_id": [f.quote_id for f in found], "kind": [str(f.anomaly.kind) for f in found],
        "severity": [str(f.anomaly.severity) for f in found], "reason": [f.anomaly.reason for f in found],
        "evidence": [Jsonb(f.anomaly.evidence) for f in found], "lasting": [f.anomaly.kind in LASTING for f in found],
    }  # fmt: skip
    async with connection.transaction():
        if found:
            await connection.execute(_KEEP, {"run_id": run_id, **columns})
        if ended:
            await connection.execute(_END, (list(ended),))
        await connection.execute(_NOTICE)


async def list_anomalies(
    connection: Connection, *, limit: int, before: int | None = None, source: str | None = None,
    kind: str | None = None, severity: str | None = None, run_id: int | None = None, crypto_id: str | None = None,
    asset: str | None = None, open_only: bool = False, worst_first: bool = False,
) -> list[KeptAnomaly]:  # fmt: skip
    """The newest anomalies, newest first (or the worst first): before the anomaly `before`, and as far as given of one
    source, kind, severity, run, coin (its id at any source) or asset, or only those that last."""
    conditions = [
        *(["a.anomaly_id < %(before)s"] if before is not None else []),
        *(["a.source = %(source)s"] if source is not None else []),
        *(["a.kind = %(kind)s"] if kind is not None else []),
        *(["a.severity = %(severity)s"] if severity is not None else []),
        *(["a.run_id = %(run_id)s"] if run_id is not None else []),
        *([_OF_COIN] if crypto_id is not None else []),
        *([_OF_ASSET] if asset is not None else []),
        *(["a.lasting AND a.ended_at IS NULL"] if open_only else []),
    ]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = f"array_position({_SEVERITIES}, a.severity), a.anomaly_id" if worst_first else "a.anomaly_id DESC"
    async with connection.cursor(row_factory=class_row(KeptAnomaly)) as cursor:
        await cursor.execute(
            f"{_LIST} {where} ORDER BY {order} LIMIT %(limit)s".encode(),
            {"limit": limit, "before": before, "source": source, "kind": kind, "severity": severity,
             "run_id": run_id, "crypto_id": crypto_id, "asset": asset},
        )  # fmt: skip
        return await cursor.fetchall()


async def count_open(connection: Connection) -> dict[tuple[str, str], int]:
    """(source, kind) -> how many lasting anomalies haven't ended."""
    cursor = await connection.execute(
        f"SELECT source, kind, {_STANDS_FOR} FROM anomalies WHERE lasting AND ended_at IS NULL GROUP BY 1, 2".encode()
    )
    return {(source, kind): number for source, kind, number in await cursor.fetchall()}


async def count_by_severity(connection: Connection, run_id: int) -> dict[str, int]:
    """severity -> how many anomalies the run was the first to find; the worst first."""
    cursor = await connection.execute(
        f"""SELECT w.severity, coalesce(f.number, 0)
              FROM unnest({_SEVERITIES}) WITH ORDINALITY AS w (severity, nth)
              LEFT JOIN (SELECT severity, {_STANDS_FOR} AS number FROM anomalies WHERE run_id = %s GROUP BY 1) f
                USING (severity)
             ORDER BY nth""".encode(),
        (run_id,),
    )
    return dict(await cursor.fetchall())


async def last_examined(connection: Connection) -> int | None:
    """The newest run that took something in and has ended; None when there is none."""
    cursor = await connection.execute(
        "SELECT run_id FROM etl_runs WHERE kind = 'ingest' AND ended_at IS NOT NULL ORDER BY run_id DESC LIMIT 1"
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def coin_ids(connection: Connection, listings: Collection[int]) -> dict[int, str]:
    """listing -> its coin's id at its source."""
    cursor = await connection.execute(
        "SELECT listing_id, source_coin_id FROM listings WHERE listing_id = ANY(%s)", (list(listings),)
    )
    return dict(await cursor.fetchall())
