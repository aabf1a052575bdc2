"""The chains that contracts live on, under each provider's own name."""

from dataclasses import dataclass
from random import Random

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain; `paprika` is None where CoinPaprika knows no contracts, `number` is the EVM chain id."""

    gecko: str
    paprika: str | None
    name: str
    number: int | None
    native: str
    kind: str


CHAINS = (
    Chain("ethereum", "eth-ethereum", "Ethereum", 1, "ethereum", "ERC20"),
    Chain("binance-smart-chain", "bnb-binance-coin", "BNB Smart Chain", 56, "binancecoin", "Other"),
    Chain("solana", "sol-solana", "Solana", None, "solana", "Other"),
    Chain("polygon-pos", "matic-polygon", "Polygon POS", 137, "polygon-ecosystem-token", "Other"),
    Chain("tron", "trx-tron", "TRON", None, "tron", "TRC20"),
    Chain("arbitrum-one", "arb-arbitrum", "Arbitrum One", 42161, "ethereum", "Other"),
    Chain("avalanche", "avax-avalanche", "Avalanche", 43114, "avalanche-2", "Other"),
    Chain("base", None, "Base", 8453, "ethereum", "Other"),
)
BY_GECKO = {chain.gecko: chain for chain in CHAINS}


def new_address(chain: Chain, draw: Random) -> str:
    """An address in the chain's own alphabet: hexadecimal on EVM chains, else base 58 (where case counts)."""
    if chain.number is not None:
        return f"0x{draw.getrandbits(160):040x}"
    if chain.gecko == "tron":
        return "T" + "".join(draw.choices(_BASE58, k=33))
    return "".join(draw.choices(_BASE58, k=44))
