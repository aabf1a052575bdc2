"""Verdicts: what people decided of two listings, remembered for ever; and what waits for their decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import class_row

from kasparro.market.identity.link import Verdict
from kasparro.store.identity.subjects import Session

_LABELS = """
       l.source, l.dataset, l.source_coin_id AS coin_id, coalesce(lq.symbol, l.symbol) AS symbol,
       coalesce(lq.name, l.name) AS name, o.source AS other_source, o.dataset AS other_dataset,
       o.source_coin_id AS other_coin_id, coalesce(oq.symbol, o.symbol) AS other_symbol,
       coalesce(oq.name, o.name) AS other_name"""
_JOINS = """
  JOIN listings l ON l.listing_id = p.listing_id JOIN listings o ON o.listing_id = p.other_id
  LEFT JOIN latest_quotes lq ON lq.listing_id = p.listing_id LEFT JOIN latest_quotes oq ON oq.listing_id = p.other_id"""


class Waiting(msgspec.Struct, frozen=True):
    """A suggestion that waits for a person: two listings, how likely they are one coin, and why it isn't a link."""

    listing_id: int
    other_id: int
    score: float
    reason: str
    evidence: dict[str, Any]
    since: datetime
    source: str
    dataset: str
    coin_id: str
    symbol: str | None
    name: str | None
    other_source: str
    other_dataset: str
    other_coin_id: str
    other_symbol: str | None
    other_name: str | None


class Kept(msgspec.Struct, frozen=True):
    """A person's decision as it is kept."""

    verdict_id: int
    listing_id: int
    other_id: int
    same: bool
    note: str
    decided_at: datetime
    withdrawn_at: datetime | None
    source: str
    dataset: str
    coin_id: str
    symbol: str | None
    name: str | None
    other_source: str
    other_dataset: str
    other_coin_id: str
    other_symbol: str | None
    other_name: str | None


def read_verdicts(session: Session) -> list[Verdict]:
    """All decisions that stand."""
    rows = session.execute("SELECT listing_id, other_id, same FROM verdicts WHERE withdrawn_at IS NULL")
    return [Verdict(*row) for row in rows]


def add_verdict(session: Session, one: int, other: int, *, same: bool, note: str) -> None:
    """Remember a decision, and have its listings decided anew by the next resolution, whoever makes it; one that says
    the opposite of the same two listings is taken back by it."""
    a, b = sorted((one, other))
    with session.transaction():
        session.execute(
            "UPDATE verdicts SET withdrawn_at = clock_timestamp() WHERE (listing_id, other_id) = (%s, %s) "
            "AND withdrawn_at IS NULL AND same <> %s",
            (a, b, same),
        )
        session.execute(
            "INSERT INTO verdicts (listing_id, other_id, same, note) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (listing_id, other_id) WHERE withdrawn_at IS NULL DO NOTHING",
            (a, b, same, note),
        )
        _reconsider(session, (a, b))


def withdraw_verdict(session: Session, verdict_id: int) -> tuple[int, int] | None:
    """Take a decision back, and have its two listings decided anew; these, None when no such decision stands."""
    with session.transaction():
        row = session.execute(
            "UPDATE verdicts SET withdrawn_at = clock_timestamp() WHERE verdict_id = %s AND withdrawn_at IS NULL "
            "RETURNING listing_id, other_id",
            (verdict_id,),
        ).fetchone()
        if row is None:
            return None
        _reconsider(session, (row[0], row[1]))
        return row[0], row[1]


def _reconsider(session: Session, listings: tuple[int, int]) -> None:
    """Forget what was known of the listings when they were decided: who is killed on the way to decide them anew leaves
    it to the next one."""
    session.execute("DELETE FROM considered WHERE listing_id = ANY(%s)", (list(listings),))


def list_verdicts(session: Session) -> Sequence[Kept]:
    """All decisions, those taken back too, newest first."""
    with session.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(
            f"SELECT p.verdict_id, p.listing_id, p.other_id, p.same, p.note, p.decided_at, p.withdrawn_at, {_LABELS} "
            f"FROM verdicts p {_JOINS} ORDER BY p.verdict_id DESC".encode()
        ).fetchall()


_WAITING = f"""
SELECT p.listing_id, p.other_id, p.score::float8, p.reason, p.evidence, p.since, {_LABELS}
  FROM suggestions p {_JOINS}
 WHERE NOT EXISTS (SELECT FROM verdicts v WHERE v.withdrawn_at IS NULL
                      AND (v.listing_id, v.other_id) = (p.listing_id, p.other_id))"""


def list_waiting(session: Session, limit: int) -> Sequence[Waiting]:
    """The suggestions that wait for a person, the likeliest first."""
    with session.cursor(row_factory=class_row(Waiting)) as cursor:
        ordered = f"{_WAITING} ORDER BY p.score DESC, p.listing_id, p.other_id LIMIT %s"
        return cursor.execute(ordered.encode(), (limit,)).fetchall()


def waiting_about(session: Session, listing_id: int) -> Sequence[Waiting]:
    """The suggestions about one listing, the likeliest first."""
    with session.cursor(row_factory=class_row(Waiting)) as cursor:
        about = f"{_WAITING} AND %s IN (p.listing_id, p.other_id) ORDER BY p.score DESC, p.listing_id, p.other_id"
        return cursor.execute(about.encode(), (listing_id,)).fetchall()
