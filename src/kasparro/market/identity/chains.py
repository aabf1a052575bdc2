"""Chains by one name, and contract addresses in one spelling."""

import re
from functools import lru_cache

import msgspec

_ALIASES = {
    "ethereum": "eth erc20 erc-20 1",
    "binance-smart-chain": "bnb bsc bep20 bep-20 binance-coin bnb-smart-chain bnb-chain binancecoin-smart-chain 56",
    "polygon-pos": "polygon matic matic-network polygon-ecosystem-token 137",
    "avalanche": "avax avalanche-c-chain avalanche-c avx-20 43114",
    "arbitrum-one": "arbitrum arb 42161",
    "optimistic-ethereum": "optimism op 10",
    "base": "8453",
    "fantom": "ftm 250",
    "cronos": "cro crypto-com-chain 25",
    "xdai": "gnosis gno gnosis-chain 100",
    "kucoin-community-chain": "kcc kcs kucoin-token krc-20 321",
    "moonriver": "movr 1285",
    "moonbeam": "glmr 1284",
    "harmony-shard-0": "harmony one harmony-one",
    "huobi-token": "heco ht huobi-eco-chain hrc-20 128",
    "okex-chain": "okb okt okexchain okx-chain oec 66",
    "klay-token": "klaytn klay kaia 8217",
    "celo": "42220",
    "aurora": "1313161554",
    "linea": "59144",
    "zksync": "zksync-era 324",
    "solana": "sol spl",
    "tron": "trx trc20 trc-20 tron20",
    "near-protocol": "near",
    "elrond": "egld multiversx elrond-egld",
    "the-open-network": "ton toncoin",
    "xrp": "xrp-ledger xrpl ripple",
    "stellar": "xlm",
    "cardano": "ada",
    "algorand": "algo",
    "tezos": "xtz",
    "cosmos": "atom cosmos-hub",
    "hedera-hashgraph": "hbar hedera",
    "qtum": "qrc-20",
    "vechain": "vet",
    "waves": "waves-platform",
    "eos": "eosio",
    "neo": "gas-neo",
    "icon": "icx",
    "tomochain": "tomo",
    "thorchain": "rune",
    "rootstock": "rsk rbtc 30",
    "binancecoin": "bnb-beacon-chain bep2 bep-2",
}  # fmt: skip
_CANONICAL = {alias: chain for chain, aliases in _ALIASES.items() for alias in (chain, *aliases.split())}

_EVM = re.compile(r"0x[0-9a-f]{40}")
_HEX_CASE = re.compile(r"0x[0-9a-f]{41,}")
_MIN_LENGTH = 5
"""Shorter texts (`0x0`, `-`, `1`) are what sources write where there is no address."""

_PLACEHOLDERS = frozenset(
    {
        "none", "null", "native", "unknown", "n/a",
        "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        "0x000000000000000000000000000000000000dead",
        "0x0000000000000000000000000000000000001010",
        "11111111111111111111111111111111",
        "so11111111111111111111111111111111111111111",
    }
)  # fmt: skip
"""Addresses that stand for a chain's own coin, or for nobody. Wrapped natives (WETH, WBNB) are not among them:
they are tokens with listings of their own."""


class Address(msgspec.Struct, frozen=True, order=True, gc=False):
    """A contract by the canonical name of its chain. `evm` tells whether the address has the form of an EVM one."""

    chain: str
    text: str
    evm: bool = False

    def __str__(self) -> str:
        return f"{self.chain}:{self.text}"


@lru_cache(maxsize=4_096)
def canonical_chain(said: str) -> str:
    """The one name of the chain that a source calls `said`; a chain that isn't known keeps its own, in lower case.

    CoinGecko says `binance-smart-chain`, CoinPaprika `bnb-binance-coin` (a coin's id: the ticker leads), files say
    `BSC`, `BEP20` or `BEP-20:56`, with the number that EVM chains go by.
    """
    text = "-".join(said.casefold().replace("_", " ").split())
    for part in (text, *reversed(text.split(":"))):
        if part in _CANONICAL:
            return _CANONICAL[part]
    _, _, rest = text.partition("-")
    return _CANONICAL.get(rest, text)


def address(chain: str, said: str | None) -> Address | None:
    """The address `said` to lie on `chain`, made comparable; None for what is no address of a token.

    EVM addresses mean the same in any case (EIP-55 uses it as a checksum), so do long hexadecimal ones (Aptos,
    Sui). All other forms, base58 above all, are kept as they are, since there the case matters.
    """
    text = (said or "").strip()
    lowered = text.casefold()
    if len(text) < _MIN_LENGTH or lowered in _PLACEHOLDERS:
        return None
    if lowered.startswith("0x"):
        digits = lowered[2:]
        if not digits.strip("0"):
            return None
        if _EVM.fullmatch(lowered):
            return Address(canonical_chain(chain), lowered, evm=True)
        if len(digits) < 40:
            return None
        return Address(canonical_chain(chain), lowered if _HEX_CASE.fullmatch(lowered) else text)
    return Address(canonical_chain(chain), text)
