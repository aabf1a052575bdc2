"""Links: what holds at present, and committing what was decided."""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from psycopg.types.json import Jsonb

from kasparro.market.identity.finding import Method
from kasparro.market.identity.link import Link, Resolution
from kasparro.market.identity.neighbours import keys
from kasparro.market.identity.profile import Profile
from kasparro.store.copying import Row, as_csv, csv_copy
from kasparro.store.identity.subjects import Session
from kasparro.store.posting import OPEN_LOAD

_MANY = 2_000
"""Decisions from which on the planner has to be told how many there are."""

_HELD = """
SELECT l.listing_id, a.slug, k.method, k.confidence::float8, k.evidence
  FROM listings l JOIN assets a USING (asset_id)
 CROSS JOIN LATERAL (SELECT * FROM links k WHERE k.listing_id = l.listing_id ORDER BY version DESC LIMIT 1) k"""

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS decided (
    listing_id int, slug text, method text, confidence numeric, evidence text, unlinked text, changed boolean
) ON COMMIT DELETE ROWS"""

_NEW_ASSETS = """
INSERT INTO assets (slug, version)
SELECT DISTINCT d.slug, %(version)s::bigint FROM decided d WHERE d.changed
ON CONFLICT (slug) DO NOTHING"""

_NEW_LINKS = """
INSERT INTO links (listing_id, version, asset_id, method, confidence, evidence)
SELECT d.listing_id, %(version)s::bigint, a.asset_id, d.method, d.confidence, d.evidence::jsonb
  FROM decided d JOIN assets a USING (slug) WHERE d.changed"""

_POINT = """
UPDATE listings l SET asset_id = a.asset_id, unlinked = d.unlinked
  FROM decided d JOIN assets a USING (slug)
 WHERE l.listing_id = d.listing_id AND (l.asset_id, l.unlinked) IS DISTINCT FROM (a.asset_id, d.unlinked)"""

_JOURNAL = """
INSERT INTO resolutions (version, known_at, run_id, decided, changed, seconds)
VALUES (%(version)s, %(known_at)s, %(run_id)s, %(decided)s, %(changed)s, %(seconds)s)"""


class Resolved(msgspec.Struct, frozen=True):
    """What a resolution did: how many listings it decided, how many of them got another link than before, in how many
    seconds; `version` is the ledger's afterwards, None when no link changed."""

    decided: int = 0
    changed: int = 0
    seconds: float = 0.0
    version: int | None = None


def read_held(session: Session, listings: Collection[int] | None = None) -> dict[int, Link]:
    """The present links of the listings with these ids, or of all that have one."""
    where = " WHERE l.listing_id = ANY(%(listings)s)" if listings is not None else ""
    rows = session.execute((_HELD + where).encode(), {"listings": list(listings or ())})
    return {
        listing: Link(listing, slug, Method(method), confidence, evidence)
        for listing, slug, method, confidence, evidence in rows
    }


def read_slugs(session: Session) -> set[str]:
    """All slugs that were ever given."""
    return {row[0] for row in session.execute("SELECT slug FROM assets")}


def commit(
    session: Session, resolution: Resolution, held: Mapping[int, Link], profiles: Iterable[Profile],
    facts: Mapping[int, str], *, run_id: int | None, seconds: float,
) -> Resolved:  # fmt: skip
    """Write down what was decided: the links that differ from `held`, all of it or nothing.

    `profiles` are those that it was decided on; `facts` the fingerprints of what was new.
    """
    changed = {i for i, link in resolution.links.items() if i not in held or _other(held[i], link)}
    with session.transaction():
        session.execute(_STAGE)
        _stage(session, resolution, changed)
        version = None
        if changed:
            version = _journal(session, run_id, len(resolution.links), len(changed), seconds)
            session.execute(_NEW_ASSETS, {"version": version})
            session.execute(_NEW_LINKS.encode(), {"version": version})
        session.execute(_POINT)
        _keep_keys(session, [known for known in profiles if known.subject.listing_id in facts])
        _keep_facts(session, facts)
        _keep_suggestions(session, resolution)
    return Resolved(len(resolution.links), len(changed), seconds, version)


def _other(held: Link, link: Link) -> bool:
    """Whether `link` says another thing than `held`; other figures for the same thing are none."""
    return (held.asset, held.method, held.confidence) != (link.asset, link.method, link.confidence)


def _stage(session: Session, resolution: Resolution, changed: Collection[int]) -> None:
    # Row by row: evidence is full of what CSV and JSON write differently.
    with session.cursor() as cursor, cursor.copy("COPY decided FROM STDIN") as copy:
        for i, link in resolution.links.items():
            evidence = msgspec.json.encode(link.evidence).decode() if i in changed else None
            copy.write_row(
                (i, link.asset, link.method, link.confidence, evidence, resolution.unlinked.get(i), i in changed)
            )
    if len(resolution.links) > _MANY:
        session.execute("ANALYZE decided")


def _copy(session: Session, table: str, rows: Iterable[Row]) -> None:
    with session.cursor() as cursor, cursor.copy(csv_copy(table)) as copy:
        for block in as_csv(rows):
            copy.write(block)


def _journal(session: Session, run_id: int | None, decided: int, changed: int, seconds: float) -> int:
    row = session.execute(OPEN_LOAD).fetchone()
    assert row is not None
    version, known_at = row
    session.execute(
        _JOURNAL,
        {"version": version, "known_at": known_at, "run_id": run_id, "decided": decided, "changed": changed,
         "seconds": round(seconds, 4)},
    )  # fmt: skip
    return int(version)


def _keep_keys(session: Session, profiles: Collection[Profile]) -> None:
    listings = [known.subject.listing_id for known in profiles]
    session.execute("DELETE FROM listing_keys WHERE listing_id = ANY(%s)", (listings,))
    rows = ((known.subject.listing_id, key) for known in profiles for key in keys(known))
    _copy(session, "listing_keys (listing_id, key)", rows)


def _keep_facts(session: Session, facts: Mapping[int, str]) -> None:
    session.execute("DELETE FROM considered WHERE listing_id = ANY(%s)", (list(facts),))
    _copy(session, "considered (listing_id, facts)", facts.items())


def _keep_suggestions(session: Session, resolution: Resolution) -> None:
    """The suggestions of now: those of the listings decided stand or fall with the decision."""
    pairs = {(s.a, s.b) for s in resolution.suggestions}
    session.execute(
        """DELETE FROM suggestions s
            WHERE (listing_id = ANY(%(decided)s) OR other_id = ANY(%(decided)s))
              AND NOT EXISTS (SELECT FROM unnest(%(a)s::int[], %(b)s::int[]) AS k (a, b)
                               WHERE k.a = s.listing_id AND k.b = s.other_id)""",
        {"decided": list(resolution.links), "a": [a for a, _ in pairs], "b": [b for _, b in pairs]},
    )
    with session.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO suggestions (listing_id, other_id, score, reason, evidence) VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT (listing_id, other_id) DO UPDATE
                  SET score = excluded.score, reason = excluded.reason, evidence = excluded.evidence
                WHERE (suggestions.score, suggestions.reason) IS DISTINCT FROM (excluded.score, excluded.reason)""",
            [(s.a, s.b, s.score, s.reason, Jsonb(s.evidence)) for s in resolution.suggestions],
        )
