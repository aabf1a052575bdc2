"""The coins of the synthetic market, and which provider lists them under which id.

One universe for both providers: the same coin on both sides has each side's own id, symbol case and sometimes
name, and the same contract addresses. Some coins are on one side only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import log
from random import Random

from kasparro.sandbox.chains import BY_GECKO, CHAINS, Chain, new_address
from kasparro.sandbox.known import KNOWN, Known
from kasparro.sandbox.names import Register, new_name, new_symbol, other_name, slug
from kasparro.sandbox.noise import DAY, KEY_BITS

_FIRST_BIRTH = 1_400_000_000
_LAST_PEAK = 1_735_000_000
_LARGEST_UNKNOWN_CAP = 3e9
_BRIDGED = ("eth", "usdt", "usdc", "btc")


@dataclass(frozen=True, slots=True)
class Listing:
    """One coin as one provider knows it; `symbol` in that provider's own case."""

    id: str
    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin. Supplies are in coins; 0 means unknown (circulating, total) or none (maximum).

    `key` is its path in the noise, `log_price` the natural logarithm of the USD price that path swings about,
    `traits` random bits that decide its oddities, `since` the Unix second of its first data.
    """

    index: int
    key: int
    log_price: float
    volatility: float
    beta: float
    circulating: float
    total: float
    maximum: float
    turnover: float
    contracts: tuple[tuple[Chain, str], ...]
    traits: int
    since: int
    gecko: Listing | None
    paprika: Listing | None

    @property
    def peaked(self) -> int:
        """The Unix second of its all-time high."""
        return self.since + int((_LAST_PEAK - self.since) * (0.4 + 0.6 * self.chance(7)))

    def chance(self, slot: int) -> float:
        """A number in 0..1 that is this coin's own, one per slot (0..7): what decides its oddities."""
        return (self.traits >> (12 * slot) & 0xFFF) / 4096


@dataclass(frozen=True, slots=True)
class Universe:
    """All coins: those each provider lists as active, and those it lists as gone."""

    coins: tuple[Coin, ...]
    gecko: tuple[Coin, ...]
    paprika: tuple[Coin, ...]
    gecko_gone: tuple[Coin, ...]
    paprika_gone: tuple[Coin, ...]


def build(seed: int, gecko_count: int, paprika_count: int) -> Universe:
    """The universe of a seed with so many active coins on each side.

    A larger universe begins with the coins of a smaller one.
    """
    coins: list[Coin] = []
    gecko: list[Coin] = []
    paprika: list[Coin] = []
    births = _births(seed)
    for born in births:
        coin = replace(
            born,
            gecko=born.gecko if len(gecko) < gecko_count else None,
            paprika=born.paprika if len(paprika) < paprika_count else None,
        )
        coins.append(coin)
        if coin.gecko:
            gecko.append(coin)
        if coin.paprika:
            paprika.append(coin)
        if len(gecko) == gecko_count and len(paprika) == paprika_count:
            break
    gone = [next(births) for _ in range(max(3, len(coins) // 12))]
    return Universe(
        tuple(coins),
        tuple(gecko),
        tuple(paprika),
        tuple(coin for coin in gone if coin.gecko),
        tuple(coin for coin in gone if coin.paprika),
    )


def _births(seed: int) -> Iterator[Coin]:
    draw = Random(f"coins {seed}")  # noqa: S311 - a market, not a secret
    gecko_ids, paprika_ids = Register(), Register()
    famous = []
    for index, known in enumerate(KNOWN):
        coin = _famous(index, known, draw)
        gecko_ids.unique(known.gecko_id)
        paprika_ids.unique(known.paprika_id)
        famous.append(coin)
        yield coin
    originals = {coin.gecko.symbol: coin for coin in famous if coin.gecko}
    index = len(KNOWN)
    while True:
        if index % 45 == 30:
            original = originals[_BRIDGED[index // 45 % len(_BRIDGED)]]
            yield _bridged(index, original, draw, gecko_ids, paprika_ids)
        else:
            yield _unknown(index, draw, gecko_ids, paprika_ids)
        index += 1


def _famous(index: int, known: Known, draw: Random) -> Coin:
    return Coin(
        index=index,
        key=draw.getrandbits(KEY_BITS),
        log_price=log(known.price),
        volatility=known.volatility,
        beta=0.0 if known.volatility < 0.1 else 1.0,
        circulating=known.circulating,
        total=known.total,
        maximum=known.maximum,
        turnover=draw.uniform(0.02, 0.4),
        contracts=tuple((BY_GECKO[chain], address) for chain, address in known.contracts),
        # All bits set: every oddity is decided by a low chance, so the coins everybody knows have none.
        traits=(1 << 96) - 1,
        since=int(datetime.fromisoformat(known.since).replace(tzinfo=UTC).timestamp()),
        gecko=Listing(known.gecko_id, known.symbol, known.gecko_name),
        paprika=Listing(known.paprika_id, known.symbol.upper(), known.paprika_name),
    )


def _unknown(index: int, draw: Random, gecko_ids: Register, paprika_ids: Register) -> Coin:
    name = new_name(draw)
    symbol = new_symbol(name, draw)
    cap = _LARGEST_UNKNOWN_CAP * (len(KNOWN) / index) ** 1.45 * draw.uniform(0.7, 1.4)
    price, circulating, total, maximum = _economy(index, cap, draw)
    contracts = _contracts(draw)
    gecko, paprika = _listings(name, symbol, draw, gecko_ids, paprika_ids)
    if gecko and index % 5_000 == 4_321:
        gecko = replace(gecko, symbol="")
    return Coin(
        index=index,
        key=draw.getrandbits(KEY_BITS),
        log_price=log(price),
        volatility=draw.uniform(1.0, 3.0),
        beta=draw.uniform(0.5, 1.6),
        circulating=circulating,
        total=total,
        maximum=maximum,
        turnover=draw.uniform(0.0005, 0.3),
        contracts=contracts,
        traits=draw.getrandbits(96),
        since=_FIRST_BIRTH + draw.randrange(3_600) * DAY,
        gecko=gecko,
        paprika=paprika,
    )


def _economy(index: int, cap: float, draw: Random) -> tuple[float, float, float, float]:
    """Price and supplies of an unknown coin; every few hundred, one at an edge of what was ever seen."""
    price = 10 ** draw.uniform(-7.0, 2.0)
    circulating = float(round(cap / price)) or 1.0
    total = circulating * draw.choice((1.0, 1.0, 1.0, 1.25, 1.8))
    maximum = round(total * draw.choice((1.0, 1.5))) if draw.random() < 0.54 else 0
    edge = index % 400
    if edge == 123:
        price = 10 ** draw.uniform(-18.0, -14.0)
        circulating = total = float(round(cap / price))
    elif edge == 223:
        circulating, total, maximum = 0.0, 1e76, 0
    elif edge == 323:
        price, circulating, total = 9.9e13 * draw.uniform(0.2, 1.0), 0.0, 1.0
    elif draw.random() < 0.03:
        circulating = 0.0
    elif draw.random() < 0.05:
        total = circulating * 0.97
    return price, circulating, total, float(maximum)


def _contracts(draw: Random) -> tuple[tuple[Chain, str], ...]:
    if draw.random() < 0.25:
        return ()
    count = draw.choice((1, 1, 1, 2, 3))
    chains = sorted({draw.randrange(len(CHAINS)) for _ in range(count)})
    shared = draw.getrandbits(160)
    return tuple(
        (
            CHAINS[chain],
            f"0x{shared:040x}" if CHAINS[chain].number and count > 2 else new_address(CHAINS[chain], draw),
        )
        for chain in chains
    )


def _listings(
    name: str, symbol: str, draw: Random, gecko_ids: Register, paprika_ids: Register
) -> tuple[Listing | None, Listing | None]:
    gecko = Listing(gecko_ids.unique(slug(name)), symbol, name)
    theirs = other_name(name, draw)
    paprika = Listing(paprika_ids.unique(f"{slug(symbol)}-{slug(theirs)}"), symbol.upper(), theirs)
    side = draw.random()
    return (gecko if side > 0.1 else None, paprika if side < 0.9 else None)


def _bridged(index: int, original: Coin, draw: Random, gecko_ids: Register, paprika_ids: Register) -> Coin:
    """A bridged twin: the original's symbol and price on another chain, and nobody's supply but its own."""
    assert original.gecko is not None
    chain = CHAINS[draw.randrange(len(CHAINS))]
    name = f"{chain.name} Bridged {original.gecko.name}"
    gecko, paprika = _listings(name, original.gecko.symbol, draw, gecko_ids, paprika_ids)
    circulating = original.circulating * draw.uniform(1e-5, 1e-4)
    return replace(
        original,
        index=index,
        circulating=circulating,
        total=circulating,
        maximum=0.0,
        contracts=((chain, new_address(chain, draw)),),
        traits=draw.getrandbits(96),
        since=_FIRST_BIRTH + draw.randrange(3_600) * DAY,
        gecko=gecko,
        paprika=paprika,
    )
