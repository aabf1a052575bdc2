"""Names made comparable: one spelling, the words that say nothing, and the marks that say which version it is."""

import re
import unicodedata
from functools import lru_cache

import msgspec

WORD = re.compile(r"[^\W_]+")
"""What names and ids are made of."""
_NUMBERED = re.compile(r"\b(?:v(?:ersion)?\s?|)([2-9])\.0\b|\bv(?:ersion\s|\.)?\s?([1-9])(?:\.\d)?\b")

_FILLERS = frozenset(
    {
        "token", "tokens", "coin", "protocol", "network", "finance", "chain", "dao", "project", "platform",
        "blockchain", "foundation", "ecosystem", "hub", "defi", "labs", "official", "currency", "cryptocurrency",
        "governance",
    }
)  # fmt: skip
"""Words at a name's end that one source writes and the other leaves out: Cosmos, Cosmos Hub; Curve DAO (Token)."""

_GLUED = ("coin", "token", "protocol", "network", "finance", "chain")
_GLUED_REST = 4
"""A filler that is written without a gap is left off only where this many letters remain: JasmyCoin, not Bitcoin."""

_VERSIONS = {
    "old": "old", "legacy": "old", "deprecated": "old", "obsolete": "old", "migrated": "old", "expired": "old",
    "new": "new",
}  # fmt: skip

_BRIDGED = frozenset({"wrapped", "bridged", "peg", "pegged"})
_BRIDGES = frozenset({"wormhole", "sollet", "anyswap", "allbridge", "multichain"})
"""Bridges have coins of their own, so their names mark a representation only among other words."""


class Name(msgspec.Struct, frozen=True, gc=False):
    """A name's comparable forms, all without case, accents, gaps and punctuation.

    `plain` is all of it but its version marks, `core` what is left without the words that say nothing. `versions`
    are its marks (`old`, `new`, `v2`). `bridged` tells that it calls itself a representation of another coin.
    """

    plain: str = ""
    core: str = ""
    versions: frozenset[str] = frozenset()
    bridged: bool = False


@lru_cache(maxsize=65_536)
def read_name(text: str, symbol: str = "") -> Name:
    """The comparable forms of the name `text` of a coin whose comparable ticker is `symbol`."""
    folded = fold(text)
    versions: frozenset[str] = frozenset()
    if numbered := _NUMBERED.search(folded):
        versions = frozenset({f"v{numbered[1] or numbered[2]}"})
        folded = folded[: numbered.start()] + " " + folded[numbered.end() :]
    words = WORD.findall(folded)
    # Only at its end does such a word mark a version: New Order and Old Fashioned are names.
    while len(words) > 1 and words[-1] in _VERSIONS:
        versions |= {_VERSIONS[words.pop()]}
    return Name("".join(words), _core(words, symbol), versions, is_bridged(words))


def fold(text: str) -> str:
    """`text` without case and accents."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return text.casefold()


def squeeze(text: str) -> str:
    """`text` without case, accents, gaps and punctuation; what consists of nothing else is kept as it is."""
    if text.isascii() and text.isalnum():
        return text.lower()
    folded = fold(text)
    return "".join(WORD.findall(folded)) or folded.strip()


def slug(text: str) -> str:
    """`text` as it can stand in an address: lower-case words joined by hyphens; empty when nothing is left."""
    words = re.findall(r"[a-z0-9]+", fold(text))
    return "-".join(words)


def is_bridged(words: list[str]) -> bool:
    """Whether `words` name a wrapped, bridged or pegged representation of a coin rather than the coin."""
    if len(words) < 2:
        return False
    return not _BRIDGED.isdisjoint(words) or (len(words) > 2 and not _BRIDGES.isdisjoint(words))


def _core(words: list[str], symbol: str) -> str:
    left = words[1:] if len(words) > 1 and words[0] == "the" else words
    while len(left) > 1 and (left[-1] in _FILLERS or left[-1] == symbol):
        left = left[:-1]
    if left and left[-1].endswith(_GLUED):
        for filler in _GLUED:
            if left[-1].endswith(filler) and len(left[-1]) >= len(filler) + _GLUED_REST:
                return "".join([*left[:-1], left[-1][: -len(filler)]])
    return "".join(left)
