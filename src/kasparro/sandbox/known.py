"""The coins everybody knows, so that a demonstration looks like the world.

Prices and supplies are round figures near those of early 2026; they are where the synthetic paths start.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """One well-known coin: a listing on each side, USD price, supplies in coins (maximum 0: none)."""

    symbol: str
    gecko_id: str
    gecko_name: str
    paprika_id: str
    paprika_name: str
    price: float
    circulating: float
    total: float
    maximum: float = 0.0
    volatility: float = 1.0
    contracts: tuple[tuple[str, str], ...] = ()
    since: str = "2017-09-01"


_USDT = (
    ("ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7"),
    ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
)
_USDC = (
    ("ethereum", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
    ("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
)
_STABLE = 0.004

KNOWN = (
    Known(
        "btc",
        "bitcoin",
        "Bitcoin",
        "btc-bitcoin",
        "Bitcoin",
        92_000.0,
        19_970_000.0,
        19_970_000.0,
        21e6,
        since="2010-07-17",
    ),
    Known(
        "eth",
        "ethereum",
        "Ethereum",
        "eth-ethereum",
        "Ethereum",
        3_120.0,
        120_690_000.0,
        120_690_000.0,
        since="2015-08-07",
    ),
    Known("usdt", "tether", "Tether", "usdt-tether", "Tether", 1.0, 184_300e6, 189_500e6, 0.0, _STABLE, _USDT),
    Known(
        "bnb",
        "binancecoin",
        "BNB",
        "bnb-binance-coin",
        "Binance Coin",
        895.0,
        137_730_000.0,
        137_730_000.0,
        2e8,
    ),
    Known("xrp", "ripple", "XRP", "xrp-xrp", "XRP", 2.05, 60_490e6, 99_986e6, 1e11, 1.4),
    Known("usdc", "usd-coin", "USDC", "usdc-usd-coin", "USD Coin", 1.0, 76_900e6, 76_900e6, 0.0, _STABLE, _USDC),
    Known("sol", "solana", "Solana", "sol-solana", "Solana", 138.0, 561_000_000.0, 617_000_000.0, 0.0, 1.6),
    Known("trx", "tron", "TRON", "trx-tron", "TRON", 0.285, 94_680e6, 94_680e6, 0.0, 0.8),
    Known("doge", "dogecoin", "Dogecoin", "doge-dogecoin", "Dogecoin", 0.138, 161_300e6, 161_300e6, 0.0, 1.8),
    Known("ada", "cardano", "Cardano", "ada-cardano", "Cardano", 0.42, 36_680e6, 45e9, 45e9, 1.7),
    Known(
        "bch",
        "bitcoin-cash",
        "Bitcoin Cash",
        "bch-bitcoin-cash",
        "Bitcoin Cash",
        575.0,
        19_966_000.0,
        19_966_000.0,
        21e6,
        1.2,
    ),
    Known(
        "link",
        "chainlink",
        "Chainlink",
        "link-chainlink",
        "Chainlink",
        13.7,
        697_000_000.0,
        1e9,
        1e9,
        1.6,
        (("ethereum", "0x514910771af9ca656af840dff83e8264ecf986ca"),),
    ),
    Known("xlm", "stellar", "Stellar", "xlm-stellar", "Stellar", 0.24, 32_300e6, 50_001e6, 50_001e6, 1.4),
    Known("zec", "zcash", "Zcash", "zec-zcash", "Zcash", 410.0, 16_430_000.0, 16_430_000.0, 21e6, 2.4),
    Known("ltc", "litecoin", "Litecoin", "ltc-litecoin", "Litecoin", 82.0, 76_600_000.0, 84e6, 84e6, 1.2),
    Known(
        "avax",
        "avalanche-2",
        "Avalanche",
        "avax-avalanche",
        "Avalanche",
        13.4,
        429_000_000.0,
        460_000_000.0,
        715_748_719.0,
        1.7,
    ),
    Known(
        "dai",
        "dai",
        "Dai",
        "dai-dai",
        "Dai",
        1.0,
        4_480e6,
        4_480e6,
        0.0,
        _STABLE,
        (("ethereum", "0x6b175474e89094c44da98b954eedeac495271d0f"),),
    ),
    Known(
        "shib",
        "shiba-inu",
        "Shiba Inu",
        "shib-shiba-inu",
        "Shiba Inu",
        8.45e-06,
        589_240e9,
        589_500e9,
        0.0,
        1.9,
        (("ethereum", "0x95ad61b0a150d79219dcf64e1e6cc01f0b64c4ce"),),
    ),
    Known(
        "ton",
        "the-open-network",
        "Toncoin",
        "toncoin-the-open-network",
        "Toncoin",
        1.58,
        2_440e6,
        5_150e6,
        0.0,
        1.5,
    ),
    Known(
        "uni",
        "uniswap",
        "Uniswap",
        "uni-uniswap",
        "Uniswap",
        5.6,
        629_900_000.0,
        1e9,
        1e9,
        1.8,
        (("ethereum", "0x1f9840a85d5af5bf1d1762f925bdaddc4201f984"),),
    ),
    Known("dot", "polkadot", "Polkadot", "dot-polkadot", "Polkadot", 2.1, 1_647e6, 1_647e6, 2.1e9, 1.7),
    Known("atom", "cosmos", "Cosmos Hub", "atom-cosmos", "Cosmos", 2.3, 486_000_000.0, 486_000_000.0, 0.0, 1.7),
    Known(
        "egld",
        "elrond-erd-2",
        "MultiversX",
        "egld-elrond",
        "Elrond",
        7.8,
        28_900_000.0,
        28_900_000.0,
        31_415_926.0,
        1.8,
    ),
)
