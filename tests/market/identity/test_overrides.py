"""Overrides that can't be true are refused, with the evidence; the known pairs are well-formed."""

import pytest

from kasparro.errors import ExitCode, Fatal
from kasparro.market.identity.curated import BadPairs, known_pairs, parse_pairs
from kasparro.market.identity.link import Pair, Verdict
from kasparro.market.identity.overrides import (
    Circle,
    ContradictsAddress,
    OneSourceTwice,
    OverrideRefused,
    RowPlaced,
    RowsOnly,
    ToldApart,
    UnknownListing,
    check_override,
)
from tests.market.identity.makers import ADDRESS, OTHER_ADDRESS, gecko, paprika, row

ALPHA = paprika("aaa-alpha", "AAA", "Alpha", addresses=(("eth-ethereum", ADDRESS),))
BETA = paprika("bbb-beta", "BBB", "Beta")
GECKO_ALPHA = gecko("alpha", "aaa", "Alpha", addresses=(("ethereum", ADDRESS),))
GECKO_OTHER = gecko("other", "oth", "Other", addresses=(("ethereum", OTHER_ADDRESS),))
GECKO_BARE = gecko("bare", "bar", "Bare", addresses=(("solana", "So1anaAddressOfBare"),))
FILE, YOURS = row("AAA", "AAA"), row("AAA", "AAA", dataset="yours")
EVERYTHING = [ALPHA, BETA, GECKO_ALPHA, GECKO_OTHER, GECKO_BARE, FILE]


def pair(one: str, other: str) -> Pair:
    return Pair(("coinpaprika", one), ("coingecko", other))


@pytest.mark.parametrize(
    ("override", "error", "shown"),
    [
        (pair("aaa-alpha", "alph"), UnknownListing, "Did you mean alpha?"),
        (pair("nothing", "alpha"), UnknownListing, "coinpaprika nothing is not a known listing"),
        (pair("aaa-alpha", "other"), ContradictsAddress, f"on ethereum: {ADDRESS} and {OTHER_ADDRESS}"),
        (pair("aaa-alpha", "bare"), ContradictsAddress, f"has the address ethereum:{ADDRESS} of coingecko alpha"),
        (Pair(("coingecko", "alpha"), ("coingecko", "alpha")), Circle, "joined to itself"),
        (Pair(("coingecko", "alpha"), ("coingecko", "bare")), OneSourceTwice, "two listings of coingecko"),
    ],
)
def test_refused(override: Pair, error: type[OverrideRefused], shown: str) -> None:
    with pytest.raises(error) as refused:
        check_override(override, EVERYTHING)
    assert shown in str(refused.value)
    assert refused.value.remedy
    assert isinstance(refused.value, Fatal)
    assert refused.value.exit_code is ExitCode.INPUT


def test_refused_beside_others() -> None:
    held = [pair("bbb-beta", "bare")]
    with pytest.raises(Circle, match="already joined"):
        check_override(pair("bbb-beta", "bare"), EVERYTHING, held)
    with pytest.raises(OneSourceTwice, match="bbb-beta"):
        check_override(pair("aaa-alpha", "bare"), EVERYTHING, held)
    through_a_file = [pair("aaa-alpha", "alpha"), Pair(("csv", "prices.csv:AAA"), ("coinpaprika", "aaa-alpha"))]
    with pytest.raises(OneSourceTwice, match="coingecko"):
        check_override(Pair(("csv", "prices.csv:AAA"), ("coingecko", "bare")), EVERYTHING, through_a_file)
    with pytest.raises(RowPlaced, match="another listing"):
        check_override(Pair(("csv", "prices.csv:AAA"), ("coinpaprika", "bbb-beta")), EVERYTHING, [
            Pair(("csv", "prices.csv:AAA"), ("coingecko", "alpha"))
        ])  # fmt: skip
    with pytest.raises(RowsOnly, match="rows of files"):
        check_override(Pair(("csv", "prices.csv:AAA"), ("csv", "yours:AAA")), [*EVERYTHING, YOURS])
    with pytest.raises(ToldApart, match="told apart"):
        verdict = Verdict(GECKO_BARE.listing_id, BETA.listing_id, False)
        check_override(pair("bbb-beta", "bare"), EVERYTHING, verdicts=[verdict])


def test_what_can_be_true_is_let_through() -> None:
    check_override(pair("aaa-alpha", "alpha"), EVERYTHING)
    check_override(pair("bbb-beta", "other"), EVERYTHING, [pair("aaa-alpha", "alpha")])
    check_override(Pair(("csv", "prices.csv:AAA"), ("coingecko", "alpha")), EVERYTHING, [pair("aaa-alpha", "alpha")])


def test_the_projects_pairs_are_read() -> None:
    pairs = known_pairs()
    assert 60 <= len(pairs) <= 120
    assert Pair(("coinpaprika", "btc-bitcoin"), ("coingecko", "bitcoin")) in pairs
    for place, one in enumerate(pairs):
        everything = [paprika(p.one[1], "X", "X") for p in pairs] + [gecko(p.other[1], "x", "X") for p in pairs]
        check_override(one, everything, pairs[:place])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("btc-bitcoin", "line 1 is not a pair"),
        ("a\tb\n\nc\tb", "line 3 names coingecko b again, after line 1"),
        ("a\tb\tnote\tmore", "line 1 is not a pair"),
        ("\tb", "line 1 is not a pair"),
    ],
)
def test_a_file_of_pairs_that_cannot_be_read(text: str, shown: str) -> None:
    with pytest.raises(BadPairs, match=shown):
        parse_pairs(text)


def test_a_file_of_pairs() -> None:
    text = "coinpaprika_id\tcoingecko_id\n# mine\na\tb\nc\td\tbecause\n"
    assert parse_pairs(text) == [pair("a", "b"), Pair(("coinpaprika", "c"), ("coingecko", "d"), "because")]
