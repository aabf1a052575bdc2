"""Naming: which listing a person means, by what they write."""

from collections.abc import Mapping, Sequence

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
    text = text.strip()
    source, _, rest = text.partition(":")
    coin = rest.rpartition(":")[2] or source
    # Names of files and ids of coins may have colons of their own.
    found = _find(
        session,
        """l.source_coin_id = %(text)s
           OR (l.source = %(source)s AND %(rest)s IN (l.source_coin_id, concat_ws(':', l.dataset, l.source_coin_id)))
           ORDER BY l.listing_id LIMIT 20""",
        {"text": text, "source": source.lower(), "rest": rest},
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise UnclearListing(
            f"{text!r} could be {_shown(found)}", remedy="Write it with its source, such as coingecko:bitcoin"
        )
    near = _find(
        session,
        """strpos(lower(l.source_coin_id), lower(%(coin)s)) > 0 OR lower(coalesce(q.symbol, l.symbol)) = lower(%(coin)s)
           ORDER BY q.rank NULLS LAST, length(l.source_coin_id), l.listing_id LIMIT 5""",
        {"coin": coin},
    )
    raise NoSuchListing(
        f"there is no listing {text!r}",
        remedy=f"Near it: {_shown(near)}" if near else "Write SOURCE:ID, such as coingecko:bitcoin",
    )


def listings_of_asset(session: Session, slug: str) -> list[Named]:
    """The listings that belong to the asset with this name; none where there is no such asset."""
    return _find(
        session,
        """l.asset_id = (SELECT asset_id FROM assets WHERE slug = lower(%(slug)s))
           ORDER BY l.source, l.dataset, l.listing_id""",
        {"slug": slug.strip()},
    )


def _find(session: Session, where: str, values: Mapping[str, str]) -> list[Named]:
    with session.cursor(row_factory=class_row(Named)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} WHERE {where}".encode(), values).fetchall()


def _shown(listings: Sequence[Named]) -> str:
    return ", ".join(f"{one.written} ({one.symbol.upper()}, {one.name})" for one in listings)
