"""Naming: which listing a person means, by what they write."""

from collections.abc import Sequence

import msgspec
from psycopg.rows import class_row

from kasparro.errors import ExitCode, Fatal
from kasparro.store.identity.subjects import Session

_COLUMNS = """l.listing_id, l.source, l.dataset, l.source_coin_id AS coin_id,
       coalesce(q.symbol, l.symbol, '') AS symbol, coalesce(q.name, l.name, '') AS name
  FROM listings l LEFT JOIN latest_quotes q USING (listing_id)"""


class Named(msgspec.Struct, frozen=True):
    """A listing, and what it is called."""

    listing_id: int
    source: str
    dataset: str
    coin_id: str
    symbol: str
    name: str

    @property
    def written(self) -> str:
        """As people write it: `coingecko:bitcoin`, or `csv:prices:BTC` with the file's name."""
        return ":".join(part for part in (self.source, self.dataset, self.coin_id) if part)


class NoSuchListing(Fatal):
    """No listing is meant by what was written."""

    exit_code = ExitCode.USAGE


class UnclearListing(Fatal):
    """Several listings could be meant."""

    exit_code = ExitCode.USAGE


def name_listing(session: Session, text: str) -> Named:
    """The listing that `text` names: `source:id`, `csv:file:id`, or an id that one source only has.

    Raises NoSuchListing with the nearest, and UnclearListing with those that could be meant.
    """
    source, _, rest = text.strip().partition(":")
    dataset, _, coin = rest.rpartition(":")
    where = "l.source_coin_id = %s" if not rest else "l.source = %s AND l.source_coin_id = %s"
    values = (source,) if not rest else (source.lower(), coin)
    if dataset:
        where, values = where + " AND l.dataset = %s", (*values, dataset)
    found = _find(session, f"{where} ORDER BY l.listing_id LIMIT 20", values)
    if len(found) == 1:
        return found[0]
    if found:
        raise UnclearListing(
            f"{text!r} could be {_shown(found)}", remedy="Write it with its source, such as coingecko:bitcoin"
        )
    near = _find(
        session,
        """l.source_coin_id ILIKE '%%' || %s || '%%' OR lower(coalesce(q.symbol, l.symbol)) = lower(%s)
           ORDER BY q.rank NULLS LAST, length(l.source_coin_id), l.listing_id LIMIT 5""",
        (coin or source, coin or source),
    )
    raise NoSuchListing(
        f"there is no listing {text!r}",
        remedy=f"Near it: {_shown(near)}" if near else "Write SOURCE:ID, such as coingecko:bitcoin",
    )


def _find(session: Session, where: str, values: Sequence[str]) -> list[Named]:
    with session.cursor(row_factory=class_row(Named)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} WHERE {where}".encode(), values).fetchall()


def _shown(listings: Sequence[Named]) -> str:
    return ", ".join(f"{one.written} ({one.symbol.upper()}, {one.name})" for one in listings)
