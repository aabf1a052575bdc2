"""Names, symbols and ids for the coins nobody knows, with the awkwardness that real lists have."""

import re
from random import Random

_HEADS = [
    "al", "ar", "be", "bo", "ca", "co", "da", "de", "el", "fa", "fi", "ga", "gu", "hy", "in", "ka",
    "ko", "lu", "ma", "me", "mo", "ne", "no", "ny", "ob", "or", "pa", "py", "qu", "ra", "ri", "sa",
    "so", "ta", "te", "ul", "va", "vo", "xe", "ze", "zo",
]  # fmt: skip
_TAILS = [
    "ba", "bit", "cor", "dex", "do", "fi", "ga", "gen", "go", "ion", "ka", "kin", "la", "lix", "lo",
    "mo", "na", "nex", "no", "pha", "po", "ra", "rix", "ro", "sta", "ta", "tix", "to", "tron", "va",
    "vex", "xa", "yn", "za",
]  # fmt: skip
_ENDINGS = (
    "",
    "",
    "",
    " Protocol",
    " Finance",
    " Network",
    " Token",
    " Coin",
    " Inu",
    " DAO",
    " Swap",
    " AI",
    " V2",
)
_FOREIGN = ("柴犬", "Ξther", "Señor", "Кот", "Δelta", "币", "Žeton", "ドージ", "Café", "🚀")
_SLUG = re.compile(r"[^a-z0-9]+")
_NOT_SYMBOL = re.compile(r"[^a-z0-9]")


def new_name(draw: Random) -> str:
    """A name of two or three syllables and perhaps an ending; one in eighty isn't ASCII."""
    word = draw.choice(_HEADS) + draw.choice(_TAILS)
    if draw.random() < 0.6:
        word += draw.choice(_TAILS)
    ending = draw.choice(_ENDINGS)
    foreign = draw.choice(_FOREIGN) if draw.random() < 1 / 80 else ""
    return f"{foreign}{' ' if foreign and ending else ''}{word.capitalize()}{ending}"


def new_symbol(name: str, draw: Random) -> str:
    """Three to five letters of the name, lower case; some carry the signs that real symbols carry."""
    letters = _NOT_SYMBOL.sub("", name.lower())
    symbol = letters[: draw.choice((3, 3, 4, 4, 5))]
    oddity = draw.random()
    if oddity < 0.01:
        return f"${symbol}"
    if oddity < 0.015:
        return f"{symbol}.x"
    if oddity < 0.02:
        return f"yv-{symbol}"
    return f"ξ{symbol}" if oddity < 0.022 else symbol


def other_name(name: str, draw: Random) -> str:
    """How the other provider calls the same coin: the same, unless it missed a renaming."""
    chance = draw.random()
    if chance > 0.12:
        return name
    base, _, ending = name.rpartition(" ")
    if base:
        return base
    return f"{ending} Chain" if chance > 0.06 else f"{ending} (old)"


def slug(text: str) -> str:
    """The part of an id that is made of a name: lower-case words and hyphens, `_` if nothing is left."""
    return _SLUG.sub("-", text.lower()).strip("-") or "_"


class Register:
    """Hands out ids that were not handed out before."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        count = self._taken.get(wanted, 0) + 1
        self._taken[wanted] = count
        return wanted if count == 1 else self.unique(f"{wanted}-{count}")
