"""A listing's profile: its comparable forms, worked out once before it is compared with others."""

import msgspec

from kasparro.market.identity.chains import Address, address
from kasparro.market.identity.names import WORD, Name, is_bridged, read_name, squeeze
from kasparro.market.identity.subject import CSV, Subject

_TICKER_LEADS = "coinpaprika"
"""The source whose ids begin with the coin's ticker at birth: `zel-zelcash` (CoinPaprika, 2021-12)."""

_SHORT = 4
_TELLING = 5
_CHAINS = frozenset({"bsc", "eth", "sol", "base", "avax", "cash", "gold", "inu", "dao", "v2", "v3", "old", "new", "lp"})
"""Short words at an id's end that make it another coin."""


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What of a subject is compared.

    `symbol` and `name` are today's. `past_symbols` also holds the ticker that an id was born with. `id_names` are the
    names that may be read out of the id, `id_slugs` the same with their hyphens, `id_stem` what is left of an id
    without a number and a short word at its end. `past` pairs former symbols with former names.
    """

    subject: Subject
    symbol: str
    name: Name
    past_symbols: frozenset[str]
    past: tuple[tuple[str, Name], ...]
    id_names: frozenset[str]
    id_slugs: frozenset[str]
    id_stem: str
    addresses: frozenset[Address]
    bridged: bool

    @property
    def symbols(self) -> frozenset[str]:
        """Today's ticker and all former ones."""
        return self.past_symbols | {self.symbol}

    @property
    def names(self) -> frozenset[str]:
        """The cores of all names that the source ever gave."""
        return frozenset({self.name.core, *(name.core for _, name in self.past)}) - {""}


def profile(subject: Subject | Profile) -> Profile:
    """The comparable forms of `subject`; where they were worked out before, these."""
    if isinstance(subject, Profile):
        return subject
    symbol = squeeze(subject.symbol)
    id_words = WORD.findall(subject.coin_id.casefold())
    former = tuple([(squeeze(ticker), read_name(name, squeeze(ticker))) for ticker, name in subject.former])
    past_symbols = {ticker for ticker, _ in former if ticker}
    leads = subject.source == _TICKER_LEADS and len(id_words) > 1
    if leads:
        past_symbols.add(id_words[0])
    name = read_name(subject.name, symbol)
    born = id_words[1:] if leads else id_words
    slugs = set() if subject.source == CSV else _id_slugs(id_words, born, symbol, past_symbols | {symbol}, name.plain)
    return Profile(
        subject=subject,
        symbol=symbol,
        name=name,
        past_symbols=frozenset(past_symbols),
        past=former,
        id_names=frozenset([slug.replace("-", "") for slug in slugs]),
        id_slugs=frozenset(slugs),
        id_stem="" if subject.source == CSV else _stem(born, name.plain),
        addresses=frozenset([found for chain, text in subject.addresses if (found := address(chain, text))]),
        bridged=name.bridged or is_bridged(born),
    )


def _id_slugs(words: list[str], born: list[str], now: str, symbols: set[str], plain: str) -> set[str]:
    """The names that an id holds: all of it, and what is left without the ticker before or behind the name.

    A number at the end that the name doesn't have only tells namesakes of the same source apart, so nothing is read
    out of such an id: the second `bitcoin-2` of one source has nothing to do with that of another.
    """
    if not words:
        return set()
    if len(words) > 1 and words[-1].isdigit() and not plain.endswith(words[-1]):
        return set()
    found = {"-".join(born)}
    if words == born or now != words[0]:
        found.add("-".join(words))
    if len(words) > 1:
        if words[0] in symbols:
            found.add("-".join(words[1:]))
        if words[-1] in symbols:
            found.add("-".join(words[:-1]))
    return found - {""}


def _stem(words: list[str], plain: str) -> str:
    """`elrond` of `elrond-erd-2`: the name in an id that had to be told from others; empty when too short to tell.

    A word that also stands in the coin's name is part of it, and stays.
    """
    left = words[:-1] if len(words) > 1 and words[-1].isdigit() else words
    if len(left) > 1 and len(left[-1]) <= _SHORT and left[-1] not in _CHAINS and left[-1] not in plain:
        left = left[:-1]
    stem = "".join(left)
    return stem if len(stem) >= _TELLING else ""
