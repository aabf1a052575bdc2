"""A made-up market that two providers list, with everything that misleads, and the truth about it."""

import random
from datetime import UTC, datetime

import msgspec

from kasparro.market.identity.subject import Subject

_AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
FAMOUS = 400
_PARTS = [
    "al", "be", "ca", "da", "el", "fi", "ga", "ho", "in", "jo", "ka", "lu", "mi", "no", "or", "pa", "qui", "ra", "so",
    "ta", "ul", "vi", "wa", "xe", "yo", "za", "bra", "cry", "dro", "fle", "gri", "klo", "plu", "sta", "tri",
]  # fmt: skip


class Market(msgspec.Struct):
    """Listings, and for each listing's id the coin that it truly is."""

    subjects: list[Subject] = []
    truth: dict[int, int] = {}


class Coin(msgspec.Struct):
    number: int
    symbol: str
    name: str
    price: float
    cap: float
    rank: int
    address: str | None
    chain: int


def make_market(*, coins: int, shared_symbols: int, seed: int) -> Market:
    """`coins` real ones, most of them on both sides, of which pairs share `shared_symbols` tickers; then copies of the
    famous by name, symbol and price, bridged and old versions, and the delisted."""
    return _Maker(random.Random(seed)).make(coins, shared_symbols)


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.market = Market([], {})
        self.ids: set[tuple[str, str]] = set()
        self.number = 0

    def make(self, count: int, shared: int) -> Market:
        coins = self._coins(count, shared)
        for coin in coins:
            where = self.rng.random()
            # The famous are alive and quoted: of others nobody, not even a person, could tell a copy.
            dead = coin.rank > FAMOUS and self.rng.random() < 0.15
            if where < 0.9:
                self._on_paprika(coin, dead)
            if where > 0.1:
                self._on_gecko(coin, dead and self.rng.random() < 0.7)
        for coin in coins[:FAMOUS]:
            self._copies(coin)
        for coin in self.rng.sample(coins, count // 30):
            self._bridged(coin)
        for coin in self.rng.sample(coins, count // 100):
            self._old(coin)
        self.rng.shuffle(self.market.subjects)
        return self.market

    def _coins(self, count: int, shared: int) -> list[Coin]:
        names: set[str] = set()
        symbols: list[str] = []
        coins: list[Coin] = []
        while len(coins) < count:
            name = "".join(self.rng.choices(_PARTS, k=self.rng.choice((2, 3, 3)))).capitalize()
            if self.rng.random() < 0.4:
                name += " " + "".join(self.rng.choices(_PARTS, k=2)).capitalize()
            if name in names:
                continue
            names.add(name)
            rank = len(coins) + 1
            symbol = self.rng.choice(symbols) if rank > count - shared else self._ticker(name)
            symbols.append(symbol)
            cap = 1e12 / rank**1.2
            address = f"0x{self.rng.getrandbits(160):040x}" if self.rng.random() < 0.6 else None
            coins.append(
                Coin(self._next(), symbol, name, cap / self.rng.uniform(1e5, 1e10), cap, rank, address, rank % 3)
            )
        return coins

    def _ticker(self, name: str) -> str:
        letters = name.replace(" ", "").upper()
        return letters[: self.rng.choice((3, 4, 4, 5))] + self.rng.choice(("", "", "X", "T", "N"))

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _on_paprika(self, coin: Coin, dead: bool) -> None:
        name = self._drifted(coin)
        chain = ("eth-ethereum", "bnb-binance-coin", "sol-solana")[coin.chain]
        self._add("coinpaprika", f"{coin.symbol}-{name}", coin.symbol, name, coin, coin.number, chain, dead)

    def _on_gecko(self, coin: Coin, dead: bool) -> None:
        name = self._drifted(coin)
        chain = ("ethereum", "binance-smart-chain", "solana")[coin.chain]
        self._add("coingecko", name, coin.symbol.lower(), name, coin, coin.number, chain, dead)

    def _drifted(self, coin: Coin) -> str:
        name = coin.name
        chance = self.rng.random()
        if chance < 0.08:
            return f"{name} {self.rng.choice(('Token', 'Network', 'Protocol', 'Finance'))}"
        if chance < 0.1:
            return name.upper()
        if chance < 0.12 and coin.rank > FAMOUS:  # A copy has the name that is seen.
            return "".join(self.rng.choices(_PARTS, k=3)).capitalize()
        return name

    def _copies(self, coin: Coin) -> None:
        for source in ("coinpaprika", "coingecko"):
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                fake = self._next()
                wording = self.rng.choice((coin.name, coin.name, f"{coin.name} Token", coin.name.upper()))
                address = f"0x{self.rng.getrandbits(160):040x}" if self.rng.random() < 0.5 else None
                copy = Coin(fake, coin.symbol, wording, coin.price, 0.0, 0, address, coin.chain)
                chains = ("eth-ethereum", "bnb-binance-coin", "sol-solana")
                coin_id = f"{coin.symbol}-{wording}" if source == "coinpaprika" else wording
                self._add(source, coin_id, coin.symbol, wording, copy, fake, chains[coin.chain], False)

    def _bridged(self, coin: Coin) -> None:
        fake = self._next()
        name = self.rng.choice(("Bridged {} (Wormhole)", "Wrapped {}", "Binance-Peg {}")).format(coin.name)
        copy = Coin(fake, coin.symbol, name, coin.price, coin.cap / 50, 0, f"0x{self.rng.getrandbits(160):040x}", 1)
        self._add("coingecko", name, coin.symbol.lower(), name, copy, fake, "binance-smart-chain", False)

    def _old(self, coin: Coin) -> None:
        fake = self._next()
        copy = Coin(fake, coin.symbol, coin.name, coin.price, coin.cap / 100, 0, None, 0)
        self._add("coingecko", f"{coin.name} old", coin.symbol, f"{coin.name} [OLD]", copy, fake, "ethereum", True)

    def _add(
        self, source: str, coin_id: str, symbol: str, name: str, coin: Coin, truth: int, chain: str, dead: bool
    ) -> None:  # fmt: skip
        stem = coin_id.lower().replace(" ", "-").replace("(", "").replace(")", "")
        unique, number = stem, 2
        while (source, unique) in self.ids:
            unique, number = f"{stem}-{number}", number + 1
        self.ids.add((source, unique))
        noise = self.rng.uniform(0.99, 1.01)
        quoted = not dead and (0 < coin.rank <= FAMOUS or self.rng.random() < 0.8)
        listing_id = len(self.market.subjects) + 1
        self.market.truth[listing_id] = truth
        self.market.subjects.append(
            Subject(
                listing_id=listing_id, source=source, coin_id=unique, symbol=symbol, name=name,
                addresses=((chain, coin.address),) if coin.address and self.rng.random() < 0.7 else (),
                active=not dead, rank=coin.rank or None if quoted else None,
                price_usd=coin.price * noise if quoted else None,
                market_cap_usd=(coin.cap * self.rng.uniform(0.9, 1.1) or None) if quoted else None,
                observed_at=_AT if quoted else None,
            )
        )  # fmt: skip
