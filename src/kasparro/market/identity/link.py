"""Links, suggestions, verdicts: what is decided of listings, what is left to a person, and what a person decided."""

from typing import Any

import msgspec

from kasparro.market.identity.finding import Method


class Link(msgspec.Struct, frozen=True, gc=False):
    """A listing's place: the asset it belongs to, and how that is known. `evidence` is made of JSON's types."""

    listing_id: int
    asset: str
    method: Method
    confidence: float
    evidence: dict[str, Any] = {}


class Suggestion(msgspec.Struct, frozen=True):
    """Two listings that may be one coin, for a person to decide; never a link.

    `a` is the smaller listing id. `score` is between 0 and 1, `reason` why it isn't a link.
    """

    a: int
    b: int
    score: float
    reason: str
    evidence: dict[str, Any]


class Verdict(msgspec.Struct, frozen=True):
    """What a person decided of two listings: that they are the `same` coin, or that they aren't."""

    a: int
    b: int
    same: bool


class Pair(msgspec.Struct, frozen=True):
    """Two listings, each as (source, coin id), that belong together by the project's or a user's own knowledge."""

    one: tuple[str, str]
    other: tuple[str, str]
    note: str = ""


class Resolution(msgspec.Struct, frozen=True):
    """The decision: one link for each listing that was to be decided, by listing id; suggestions, best first.

    `unlinked` tells of each CSV listing without an asset of a provider why that is so.
    """

    links: dict[int, Link]
    suggestions: list[Suggestion]
    unlinked: dict[int, str]
