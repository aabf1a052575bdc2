"""What speaks for two listings of different sources being one coin, and what against it."""

from enum import StrEnum
from typing import Any

import msgspec

from kasparro.market.identity.chains import Address
from kasparro.market.identity.profile import Profile
from kasparro.market.identity.standing import Standing, compare_standing


class Method(StrEnum):
    """How a link is known, the strongest first. The codes are part of the ledger: add, never rename."""

    CURATED = "curated"
    PERSON = "person"
    ADDRESS = "address"
    NAME = "name"
    PROVIDER_ID = "provider_id"
    FORMER_NAME = "former_name"
    SUCCESSOR = "successor"
    DECLARED_ID = "declared_id"
    DECLARED_ADDRESS = "declared_address"
    DECLARED_NAME = "declared_name"
    SYMBOL = "symbol"
    OWN = "own"


CURATED, PERSON, ADDRESS, HELD, CONFIRMED = 1_000, 900, 800, 700, 50
"""Strengths. Names lie below HELD; what the market confirms is worth CONFIRMED more."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The strongest case for two listings. `against` says why it is not enough for a link; None when it is.

    `strength` orders findings, `confidence` (0 to 1) is for people, `evidence` is what they can check.
    """

    method: Method
    strength: int
    confidence: float
    evidence: dict[str, Any]
    against: str | None = None
    standing: Standing = Standing.UNKNOWN


class _Names(msgspec.Struct, frozen=True):
    """One way in which symbols, names and ids agree; `linkable` when it makes a link without the market's word."""

    method: Method
    strength: int
    confidence: float
    basis: str
    linkable: bool = True


_ALL = _Names(Method.NAME, 690, 0.97, "same symbol, name and id")
_NAME = _Names(Method.NAME, 660, 0.93, "same symbol and name")
_CORE_ID = _Names(Method.NAME, 660, 0.94, "same symbol and id, and the same name but for words that say nothing")
_CORE = _Names(Method.NAME, 600, 0.9, "same symbol, and the same name but for words that say nothing")
_CORE_THIN = _Names(Method.NAME, 590, 0.7, "same symbol, which is all that the names have in common", linkable=False)
_ID = _Names(Method.PROVIDER_ID, 600, 0.88, "same symbol, and the ids hold the same name")
_ID_THIN = _Names(Method.PROVIDER_ID, 590, 0.65, "same symbol and nearly the same id, but other names", linkable=False)
_PAST_NAME = _Names(Method.FORMER_NAME, 590, 0.87, "same symbol, and one's name or id is a former name of the other")
_PAST_PAIR = _Names(Method.FORMER_NAME, 580, 0.88, "one's former symbol and name are the other's")
_PAST_SYMBOL_ID = _Names(Method.FORMER_NAME, 580, 0.88, "a former symbol, the same name, and ids with the same name")
_STEM = _Names(Method.PROVIDER_ID, 520, 0.8, "same symbol, which no other coin has; one's name begins the other's id")
_PAST_SYMBOL = _Names(Method.FORMER_NAME, 500, 0.82, "same name, and a former symbol is the other's")
_PAST_CORE = _Names(
    Method.FORMER_NAME, 480, 0.8, "a former symbol is the other's, and the same name but for words that say nothing"
)  # fmt: skip
_NAME_ONLY = _Names(Method.NAME, 300, 0.6, "same name, other symbols", linkable=False)
_PAST_LOOSE = _Names(Method.FORMER_NAME, 280, 0.5, "a former symbol, and nearly the same name", linkable=False)
SAME_NAME = _NAME.strength
"""The strength from which on symbols and names are all the same."""
NEARLY_SAME_NAME = _CORE_THIN.strength
"""The strength from which on symbols are the same, and names but for words that say nothing."""
NEEDS_RARE_SYMBOL = _STEM.strength
"""The strength of findings that only hold for a symbol which one listing of each source has."""


def compare(a: Profile, b: Profile) -> Finding | None:
    """The strongest case for `a` and `b`, listings of different sources, being one coin; None without any."""
    names = _compare_names(a, b)
    shared = a.addresses & b.addresses
    elsewhere = not shared and _same_text(a, b)
    if names is None and not shared:
        return None
    standing, figures = compare_standing(a.subject, b.subject)
    evidence = _evidence(a, b, names) | figures
    if shared:
        return _by_address(a, b, names, standing, evidence | {"addresses": sorted(map(str, shared))})
    assert names is not None
    against = _against(a, b, names, standing)
    strength = names.strength + (CONFIRMED if standing is Standing.CONFIRMED and against is None else 0)
    confidence = names.confidence
    if elsewhere and (names.linkable or names is _NAME_ONLY) and not contradicting(a, b):
        # One deployer may put different tokens at one address of two chains, so this confirms a name, no more.
        evidence |= {"addresses": sorted(elsewhere), "note": "the same address, on other chains"}
        return Finding(
            method=Method.ADDRESS, strength=HELD - 5, confidence=max(confidence, 0.9), evidence=evidence,
            standing=standing, against=_bridged_or_version(a, b),
        )  # fmt: skip
    if standing is Standing.CONFIRMED:
        confidence = round(1 - (1 - confidence) / 2, 3)
    return Finding(
        method=names.method, strength=strength, confidence=confidence, evidence=evidence, against=against,
        standing=standing,
    )  # fmt: skip


def contradicting(a: Profile, b: Profile) -> list[str]:
    """The chains on which both have addresses, none of them in common, while they share no address at all."""
    if not a.addresses or not b.addresses or a.addresses & b.addresses:
        return []
    return sorted({x.chain for x in a.addresses} & {x.chain for x in b.addresses})


def _by_address(
    a: Profile, b: Profile, names: _Names | None, standing: Standing, evidence: dict[str, Any]
) -> Finding:  # fmt: skip
    against = "one is a wrapped or bridged version of the other" if a.bridged != b.bridged else None
    if standing is Standing.DISAGREES:
        evidence |= {"note": "the address is the same, but the prices differ"}
    # Where two listings of a source have an address in common, the one that is also called the same is meant.
    strength = ADDRESS + (names.strength // 10 if names and names.linkable else 0)
    confidence = 0.99 if standing is not Standing.DISAGREES else 0.9
    return Finding(
        method=Method.ADDRESS, strength=strength, confidence=confidence, evidence=evidence, against=against
    )  # fmt: skip


def _against(a: Profile, b: Profile, names: _Names, standing: Standing) -> str | None:
    """Why the names alone don't make a link."""
    if standing is Standing.DISAGREES:
        return "prices, market caps or ranks differ too much"
    if standing is Standing.ONE_SIDED:
        return "only one has a market cap, and a price can be copied"
    if a.bridged and standing is Standing.AGREES:
        return "what is bridged has its coin's price, and their market caps differ"
    if chains := contradicting(a, b):
        return f"their addresses on {', '.join(chains)} differ"
    reason = _bridged_or_version(a, b)
    if reason is None and standing is not Standing.CONFIRMED:
        reason = _too_little(a, b, names, standing)
    return reason


def _too_little(a: Profile, b: Profile, names: _Names, standing: Standing) -> str | None:
    """Why names that the market doesn't confirm are too little."""
    if not names.linkable:
        return names.basis
    if names in (_ALL, _CORE_ID):
        return None
    if standing is Standing.UNCLEAR:
        return "prices neither confirm it nor speak against it"
    alive = [known.subject.active is not False for known in (a, b)]
    if all(alive) or (not any(alive) and names in (_NAME, _ID)):
        return None
    return "one is no longer active, and another coin may have taken its names since"


def _bridged_or_version(a: Profile, b: Profile) -> str | None:
    if a.bridged != b.bridged:
        return "one is a wrapped or bridged version of the other"
    if a.name.versions != b.name.versions:
        return "one is an old or new version of the other"
    return None


def _compare_names(a: Profile, b: Profile) -> _Names | None:
    """The strongest way in which symbols, names and ids of `a` and `b` agree."""
    if a.symbol and a.symbol == b.symbol:
        return _with_symbol(a, b)
    if _past_pairs(a) & _pairs(b) or _past_pairs(b) & _pairs(a):
        return _PAST_PAIR
    if shared := a.symbols & b.symbols:
        return _with_past_symbol(a, b, shared)
    return _NAME_ONLY if _same_plain(a, b) and _ids_agree(a, b) else None


def _with_symbol(a: Profile, b: Profile) -> _Names | None:
    ids = _ids_agree(a, b)
    if _same_plain(a, b):
        return _ALL if ids else _NAME
    if a.name.core and a.name.core == b.name.core:
        return _CORE_ID if ids else _same_core(a, b)
    if ids:
        return _same_id(a, b)
    if _shared_past(a, b):
        return _PAST_NAME
    return _STEM if _begins(a, b) or _begins(b, a) else None


def _with_past_symbol(a: Profile, b: Profile, shared: frozenset[str]) -> _Names | None:
    plain, ids = _same_plain(a, b), _ids_agree(a, b)
    if plain or (a.name.core and a.name.core == b.name.core):
        return _PAST_SYMBOL_ID if ids else _PAST_SYMBOL if plain else _past_core(a, shared)
    return _PAST_LOOSE if ids or _shared_past(a, b) else None


def _same_plain(a: Profile, b: Profile) -> bool:
    return bool(a.name.plain) and a.name.plain == b.name.plain


def _ids_agree(a: Profile, b: Profile) -> bool:
    return not a.id_names.isdisjoint(b.id_names)


def _same_core(a: Profile, b: Profile) -> _Names:
    """Dark Coin and Dark Protocol, both DARK, have no more than a word in common; Ankr and Ankr Network have more
    when one's id spells the other's name."""
    one, other = sorted((a.name.plain, b.name.plain), key=len)
    if not other.startswith(one):
        return _CORE_THIN
    return _CORE if a.name.core != a.symbol or _shared_past(a, b, cores=False) else _CORE_THIN


def _same_id(a: Profile, b: Profile) -> _Names:
    """Ids that hold the same name, of coins that are called otherwise today.

    To the letter, and more than the ticker; or without regard to hyphens where one is only called by its ticker
    (`bnb-binance-coin`, and `binancecoin` with the name BNB).
    """
    exact = any(slug.replace("-", "") != a.symbol for slug in a.id_slugs & b.id_slugs)
    nameless = a.symbol in (a.name.plain, b.name.plain)
    return _ID if exact or (nameless and any(name != a.symbol for name in a.id_names & b.id_names)) else _ID_THIN


def _begins(a: Profile, b: Profile) -> bool:
    """Whether the stem of one's id is the other's name or what its id holds, and more than the ticker."""
    return bool(a.id_stem) and a.id_stem != a.symbol and (a.id_stem == b.name.plain or a.id_stem in b.id_names)


def _past_core(a: Profile, shared: frozenset[str]) -> _Names:
    """A former ticker tells little unless it is long and not itself the name."""
    return _PAST_CORE if any(len(s) > 3 and s != a.name.core for s in shared) else _PAST_LOOSE


def _shared_past(a: Profile, b: Profile, *, cores: bool = True) -> bool:
    """Whether a name of one, former ones included, is a former name of the other, or stands in its id."""
    if cores and not a.names.isdisjoint(b.names):
        return True
    return not (a.id_names.isdisjoint(_plains(b)) and b.id_names.isdisjoint(_plains(a)))


def _plains(a: Profile) -> frozenset[str]:
    return frozenset({a.name.plain, *(name.plain for _, name in a.past)})


def _past_pairs(a: Profile) -> set[tuple[str, str]]:
    return {(symbol, name.plain) for symbol, name in a.past if symbol and name.plain}


def _pairs(a: Profile) -> set[tuple[str, str]]:
    return _past_pairs(a) | {(a.symbol, a.name.plain)}


def _same_text(a: Profile, b: Profile) -> set[str]:
    if not a.addresses or not b.addresses:
        return set()
    return _evm_texts(a.addresses) & _evm_texts(b.addresses)


def _evm_texts(addresses: frozenset[Address]) -> set[str]:
    return {found.text for found in addresses if found.evm}


def _evidence(a: Profile, b: Profile, names: _Names | None) -> dict[str, Any]:
    return {
        "listings": [a.subject.label, b.subject.label],
        "names": names.basis if names else "other names",
    }
