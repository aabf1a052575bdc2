"""Short ways to write listings, for tests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from kasparro.market.identity.link import Link, Resolution
from kasparro.market.identity.subject import Subject

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
_IDS = count(1)

ADDRESS = "0x1111111111111111111111111111111111111111"
OTHER_ADDRESS = "0x2222222222222222222222222222222222222222"


def paprika(coin_id: str, symbol: str, name: str, **more: Any) -> Subject:
    return make("coinpaprika", coin_id, symbol, name, **more)


def gecko(coin_id: str, symbol: str, name: str, **more: Any) -> Subject:
    return make("coingecko", coin_id, symbol.lower(), name, **more)


def row(coin_id: str, symbol: str = "", name: str = "", dataset: str = "prices.csv", **more: Any) -> Subject:
    return make("csv", coin_id, symbol, name, dataset=dataset, **more)


def make(source: str, coin_id: str, symbol: str, name: str, **more: Any) -> Subject:
    if "price_usd" in more:
        more.setdefault("observed_at", NOON)
    more.setdefault("listing_id", next(_IDS))
    return Subject(source=source, coin_id=coin_id, symbol=symbol, name=name, **more)


def together(resolution: Resolution, *listings: Subject) -> bool:
    """Whether all are in one asset."""
    return len({resolution.links[s.listing_id].asset for s in listings}) == 1


def partition(links: Mapping[int, Link]) -> set[frozenset[int]]:
    """The assets as sets of listings, whatever they are called."""
    assets: dict[str, set[int]] = defaultdict(set)
    for link in links.values():
        assets[link.asset].add(link.listing_id)
    return {frozenset(members) for members in assets.values()}


def by_id(subjects: Iterable[Subject]) -> dict[tuple[str, str], Subject]:
    return {(s.source, s.coin_id): s for s in subjects}
