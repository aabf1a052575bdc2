"""Assets by name: which one is meant by what stands in a path, and how it is called."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from fastapi import Path
from pydantic import BaseModel, Field

from kasparro.api.desk import Desk
from kasparro.api.parameters import NO_NUL, written
from kasparro.api.problems import Problem, ProblemDetails
from kasparro.api.views import View
from kasparro.market.catalogue import Catalogue, Listing, Wanted
from kasparro.store.assets import successors_of

_NEAR = 5

UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemDetails, "description": "No asset is called so; near ones are named"}
}
AssetId = Annotated[
    str,
    Path(
        min_length=1, max_length=200, pattern=NO_NUL, examples=["bitcoin"],
        description="The asset's name, or the id that a source has for one of its listings",
    ),
]  # fmt: skip


class FoundBy(BaseModel):
    """The listing whose id was given instead of the asset's name."""

    source: str = Field(description="Its source", examples=["coinpaprika"])
    dataset: str | None = Field(description="Its file, for coins from CSV files")
    crypto_id: str = Field(description="Its id there", examples=["btc-bitcoin"])


class Named(BaseModel):
    """An asset and how it is called."""

    asset: str = Field(description="The asset's name in addresses: given once, never to another", examples=["bitcoin"])
    name: str = Field(description="What the first of the sources that quote it calls it", examples=["Bitcoin"])
    symbol: str | None = Field(description="Its ticker there; many assets can share one", examples=["BTC"])


class Found(NamedTuple):
    """An asset, and the listing by whose id it was found, if it was."""

    asset: str
    by: Listing | None

    @property
    def told(self) -> dict[str, Any] | None:
        """How it was found, as the answer tells."""
        by = self.by
        return None if by is None else {"source": by.source, "dataset": by.dataset or None, "crypto_id": by.crypto_id}


class Called(NamedTuple):
    """How an asset is called."""

    name: str
    symbol: str | None


async def find(text: str, desk: Desk, seen: View, assets: Catalogue) -> Found:
    """The asset that `text` names: by its own name, else by an id at each source in turn.

    Raises Problem: 404 with near ones.
    """
    if (name := text.casefold()) in assets.by_asset:
        return Found(name, None)
    known = [listing for listing in assets.with_id(text) if listing.source in desk.sources]
    if known:
        first = min(known, key=lambda one: (desk.sources.index(one.source), one.crypto_id != text, one.listing_id))
        return Found(first.asset, first)
    async with desk.reader.connection() as connection:
        now = await successors_of(connection, name, seen.snapshot.version)
    near = _near(text, seen, assets)
    if now:
        hint = f"Its listings belong to {', '.join(now)}"
    elif near:
        hint = f"Near are {', '.join(near)}"
    elif seen.as_of is not None and seen.known_at is None:
        hint = "Nothing was known yet: the ledger begins later"
    else:
        hint = "`/assets?q=` searches names, tickers and ids"
    error = {"parameter": "asset", "given": text[:100], "accepted": hint}
    none = "No asset is" if seen.as_of is None else f"At {written(seen.as_of)} no asset was"
    raise Problem(404, f"{none} called {text[:100]!r}. {hint}", errors=[error])


def called(asset: str, seen: View, assets: Catalogue, sources: tuple[str, ...]) -> Called:
    """How an asset is called: as in its quotes, else as in the coin lists."""
    if quotes := seen.board.quotes(asset):
        return Called(quotes[0].crypto_name, quotes[0].symbol)
    listings = [one for one in assets.by_asset[asset] if one.name]
    if not listings:
        return Called(assets.by_asset[asset][0].crypto_id, None)
    first = min(listings, key=lambda one: (one.active is False, _place(one.source, sources), one.listing_id))
    return Called(first.name or first.crypto_id, first.symbol)


def in_order(listings: Iterable[Listing], sources: tuple[str, ...]) -> list[Listing]:
    """The listings of an asset, source by source."""
    return sorted(listings, key=lambda one: (_place(one.source, sources), one.dataset, one.listing_id))


def _place(source: str, sources: tuple[str, ...]) -> int:
    return sources.index(source) if source in sources else len(sources)


def _near(text: str, seen: View, assets: Catalogue) -> list[str]:
    """Assets that could have been meant: those of the ticker, those that contain it, those that begin like it."""
    near: dict[str, None] = {}
    word = re.sub(r"[^0-9a-z]+", "", text.casefold())
    for wanted in (Wanted(symbol=text), Wanted(q=text), Wanted(q=word or text), Wanted(q=word[:4] or text)):
        found = assets.search(wanted, seen.snapshot)
        near |= dict.fromkeys(assets.arrange(found, seen.board, "rank", "asc")[:_NEAR])
        if len(near) >= _NEAR:
            break
    return list(near)[:_NEAR]
