"""Every provider keeps the source contract, checked on payloads like those that they send."""

from kasparro.sources.contract_suite import SourceContract
from tests.sources.payloads import chain_request, gecko, paprika, recorded


class TestCoinGeckoMarkets(SourceContract):
    source = gecko(1_000)
    stream, body = "markets", recorded("coingecko_markets.json")


class TestCoinGeckoList(SourceContract):
    source = gecko()
    stream, body = "coins", recorded("coingecko_list.json")


class TestCoinPaprikaTickers(SourceContract):
    source = paprika()
    stream, body = "tickers", recorded("coinpaprika_tickers.json")


class TestCoinPaprikaCoins(SourceContract):
    source = paprika()
    stream, body = "coins", recorded("coinpaprika_coins.json")


class TestCoinPaprikaContracts(SourceContract):
    source = paprika()
    stream, body, request = "contracts", recorded("coinpaprika_contracts.json"), chain_request()
