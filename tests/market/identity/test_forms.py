"""Comparable forms: names, chains, addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.identity.chains import Address, address, canonical_chain
from kasparro.market.identity.names import read_name, slug, squeeze
from kasparro.market.identity.profile import profile
from tests.market.identity.makers import ADDRESS, gecko, paprika


@pytest.mark.parametrize(
    ("said", "chain"),
    [
        ("eth-ethereum", "ethereum"), ("ERC-20:1", "ethereum"), ("Ethereum", "ethereum"),
        ("bnb-binance-coin", "binance-smart-chain"), ("BEP-20:56", "binance-smart-chain"),
        ("BSC", "binance-smart-chain"),
        ("matic-polygon", "polygon-pos"), ("polygon-pos", "polygon-pos"), ("sol-solana", "solana"),
        ("trx-tron", "tron"), ("avax-avalanche", "avalanche"), ("Base:8453", "base"), ("Some Chain", "some-chain"),
    ],
)  # fmt: skip
def test_chains_have_one_name(said: str, chain: str) -> None:
    assert canonical_chain(said) == chain


def test_addresses_have_one_spelling() -> None:
    mixed = "0xADE00C28244d5CE17D72E40330B1c318cD12B7c3"
    assert address("eth-ethereum", f" {mixed} ") == Address("ethereum", mixed.lower(), evm=True)
    base58 = "TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4"
    assert address("tron", base58) == Address("tron", base58)
    assert address("tron", base58) != address("tron", base58.lower())


@pytest.mark.parametrize(
    "junk",
    [None, "", "0x0", "-", "0x" + "0" * 40, "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", "0xabc", "native", "1", "0x"],
)
def test_what_is_no_address_of_a_token(junk: str | None) -> None:
    assert address("ethereum", junk) is None


@pytest.mark.parametrize(
    ("text", "symbol", "plain", "core", "versions"),
    [
        ("Curve DAO Token", "crv", "curvedaotoken", "curve", set()),
        ("JasmyCoin", "jasmy", "jasmycoin", "jasmy", set()),
        ("Bitcoin", "btc", "bitcoin", "bitcoin", set()),
        ("The Graph", "grt", "thegraph", "graph", set()),
        ("Loom Network (NEW)", "loom", "loomnetwork", "loom", {"new"}),
        ("BitTorrent [OLD]", "bttold", "bittorrent", "bittorrent", {"old"}),
        ("0xDAO V2", "oxd", "0xdao", "0xdao", {"v2"}),
        ("New Order", "newo", "neworder", "neworder", set()),
        ("Ankaragücü", "anka", "ankaragucu", "ankaragucu", set()),
        ("Token", "tok", "token", "token", set()),
        ("币安人生", "x", "币安人生", "币安人生", set()),
    ],
)
def test_names(text: str, symbol: str, plain: str, core: str, versions: set[str]) -> None:
    name = read_name(text, symbol)
    assert (name.plain, name.core, set(name.versions)) == (plain, core, versions)


@pytest.mark.parametrize(
    ("text", "bridged"),
    [("Wrapped Bitcoin", True), ("Binance-Peg XRP", True), ("USD Coin (PoS) (Wormhole)", True), ("Wormhole", False)],
)
def test_representations(text: str, bridged: bool) -> None:
    assert read_name(text).bridged is bridged


def test_what_ids_hold() -> None:
    assert profile(paprika("zel-zelcash", "FLUX", "Flux")).id_names == {"zelcash", "zelzelcash"}
    assert "zel" in profile(paprika("zel-zelcash", "FLUX", "Flux")).symbols
    assert profile(gecko("worldcoin-wld", "wld", "Worldcoin")).id_names == {"worldcoin", "worldcoinwld"}
    assert profile(gecko("bitcoin-2", "btc", "Bitcoin")).id_names == set()
    assert profile(gecko("bitcoin-2", "btc2", "Bitcoin 2")).id_names == {"bitcoin2"}
    assert profile(gecko("elrond-erd-2", "egld", "MultiversX")).id_stem == "elrond"


@given(st.text(), st.text())
def test_any_text_has_forms(text: str, symbol: str) -> None:
    name = read_name(text, squeeze(symbol))
    assert name == read_name(text, squeeze(symbol))
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    listing = paprika(text, symbol, text, addresses=((symbol, text), ("ethereum", ADDRESS)))
    assert profile(listing).addresses
