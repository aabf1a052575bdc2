"""CoinPaprika as it really answers: empty texts, zeros that mean unknown, fields that a plan leaves out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kasparro.market.quote import Quote
from kasparro.sources.coinpaprika import PLANS
from kasparro.sources.contract import Payload, RefusedPayload
from tests.sources.payloads import (
    ABSENT,
    CONTRACT,
    NOW,
    PAPRIKA_COIN,
    TICKER,
    USD,
    array,
    paprika,
    parse,
    record,
    request_of,
    ticker,
)  # fmt: skip

OURS = {
    "price": "price_usd", "market_cap": "market_cap_usd", "volume_24h": "volume_24h_usd",
    "percent_change_24h": "change_24h_percent", "total_supply": "total_supply", "max_supply": "max_supply",
    "circulating_supply": "circulating_supply", "rank": "rank",
}  # fmt: skip
MAY_BE_MISSING = sorted(set(USD) | {"rank", "total_supply", "max_supply", "beta_value", "circulating_supply"})


def quote(**changes: str) -> Quote:
    """The quote of one ticker; nothing is rejected and nothing has drifted."""
    parsed = parse("tickers", [ticker(), ticker(**changes)])
    assert (list(parsed.rejections), list(parsed.drift)) == ([], [])
    return parsed.quotes[1]


def test_a_ticker_of_the_free_plan_becomes_a_quote_without_circulating_supply() -> None:
    assert quote() == Quote(
        1, "btc-bitcoin", "BTC", "Bitcoin", datetime(2026, 6, 15, 11, 58, 31, tzinfo=UTC), 1, Decimal("107729.97053"),
        2151367495530, Decimal("638930471209.5"), Decimal("-0.97"), None, 19969999, 21000000,
    )  # fmt: skip


def test_the_circulating_supply_of_a_paid_plan_is_kept() -> None:
    assert quote(circulating_supply="19969998").circulating_supply == 19969998


@pytest.mark.parametrize("missing", ['""', "null"])
@pytest.mark.parametrize("field", MAY_BE_MISSING)
def test_a_missing_value_is_an_empty_text_or_null_in_any_field(field: str, missing: str) -> None:
    found = quote(**{field: missing})
    for theirs, ours in OURS.items():
        expected_missing = theirs in (field, "circulating_supply")
        assert (getattr(found, ours) is None) == expected_missing, ours


@pytest.mark.parametrize("field", ["rank", "market_cap", "total_supply", "max_supply", "circulating_supply"])
@pytest.mark.parametrize("zero", ["0", "0.0"])
def test_zero_means_unknown_where_it_can_not_be_true(field: str, zero: str) -> None:
    assert getattr(quote(**{field: zero}), OURS[field]) is None


@pytest.mark.parametrize("field", ["price", "volume_24h", "percent_change_24h"])
def test_zero_stays_zero_where_it_can_be_true(field: str) -> None:
    assert getattr(quote(**{field: "0"}), OURS[field]) == 0


def test_the_change_of_the_market_cap_is_a_percentage_and_is_not_the_prices() -> None:
    assert quote(market_cap_change_24h="55.5", percent_change_24h="-0.97").change_24h_percent == Decimal("-0.97")


def test_percentages_come_clipped_and_betas_negative() -> None:
    assert quote(percent_change_24h="9999.99", beta_value="-1.25").change_24h_percent == Decimal("9999.99")


def test_the_first_date_is_unknown_to_older_versions() -> None:
    assert quote(first_data_at=ABSENT) == quote()


def test_other_quotes_beside_the_dollars_are_passed_over() -> None:
    usd, btc = record(USD), record(USD, price="1", ath_price="null", ath_date="null", percent_from_price_ath="null")
    text = record(TICKER | {"quotes": f'{{"BTC":{btc},"USD":{usd}}}'})
    (found,) = parse("tickers", [text]).quotes
    assert found.price_usd == Decimal("107729.97053")


@pytest.mark.parametrize("symbol", ["$FJB", "BRG.X", "YVE-CRVDAO", "META", "1INCH"])
def test_symbols_are_kept_as_they_are(symbol: str) -> None:
    found = quote(id='"iln-ilien9195"', symbol=f'"{symbol}"')
    assert (found.source_coin_id, found.symbol) == ("iln-ilien9195", symbol)


def test_tickers_come_in_any_order_and_the_list_does_not_end_the_stream_early() -> None:
    parsed = parse("tickers", [ticker(rank="5"), ticker(rank="2"), ticker(rank="9")])
    assert [found.rank for found in parsed.quotes] == [5, 2, 9]
    assert not parsed.follow


def test_coins_active_and_inactive() -> None:
    dead = record(PAPRIKA_COIN, id='"dead-coin"', rank="0", is_active="false")
    odd = record(PAPRIKA_COIN, id='"odd-coin"', symbol="null", name='""', is_active="null", type="null")
    parsed = parse("coins", [record(PAPRIKA_COIN), dead, odd])
    assert [(coin.source_coin_id, coin.is_active) for coin in parsed.coins] == [
        ("btc-bitcoin", True),
        ("dead-coin", False),
        ("odd-coin", None),
    ]
    assert (parsed.coins[2].symbol, parsed.coins[2].name) == (None, None)
    assert parsed.rejections == ()


def test_each_chain_of_the_list_of_chains_is_asked_for_once_in_a_fixed_order() -> None:
    source = paprika()
    request = request_of(source, "contracts")
    body = b'["sol-solana","eth-ethereum","sol-solana"]'
    follow = source.parse(request, Payload(body, NOW)).follow
    assert [(one.path, one.context["chain"]) for one in follow] == [
        ("/contracts/eth-ethereum", "eth-ethereum"),
        ("/contracts/sol-solana", "sol-solana"),
    ]
    positions = [request.position, *(one.position for one in follow)]
    assert positions == sorted(set(positions))


@pytest.mark.parametrize("chain", ["", "../key/info", "a/b", "nul\\u0000"])
def test_a_chain_whose_name_is_no_path_is_not_asked_for(chain: str) -> None:
    source = paprika()
    follow = source.parse(request_of(source, "contracts"), Payload(f'["{chain}","ok"]'.encode(), NOW)).follow
    assert [one.context["chain"] for one in follow] == ["ok"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"error":"x"}', b'["a"', b"[" * 100_000, b'["\xff"]'])
def test_what_is_no_list_of_chains_is_refused(body: bytes) -> None:
    source = paprika()
    with pytest.raises(RefusedPayload, match="list of chains"):
        source.parse(request_of(source, "contracts"), Payload(body, NOW))


def test_a_contract_is_an_address_on_the_requests_chain() -> None:
    parsed = parse("contracts", [record(CONTRACT), record(CONTRACT, active="false", type="null")])
    for coin in parsed.coins:
        assert coin.source_coin_id == "usdt-tether"
        assert coin.addresses == (("eth-ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7"),)
        assert (coin.symbol, coin.name, coin.is_active) == (None, None, None)


def test_tickers_each_time_coins_daily_contracts_weekly() -> None:
    source = paprika()
    checkpoints = {}
    for planned in source.plan({}, NOW):
        request = planned.requests[0]
        checkpoints[planned.name] = source.advance(planned.cursor, request, Payload(b"[]", NOW), complete=True)
    due = {
        days: [planned.name for planned in source.plan(checkpoints, NOW + timedelta(days=days))] for days in (0, 1, 7)
    }
    assert due == {0: ["tickers"], 1: ["tickers", "coins"], 7: ["tickers", "coins", "contracts"]}


@pytest.mark.parametrize(("coins", "limit"), [(None, {}), (300, {"limit": "300"})])
def test_all_tickers_of_the_plan_are_asked_for_or_the_first(coins: int | None, limit: dict[str, str]) -> None:
    request = request_of(paprika(coins), "tickers")
    assert (request.path, request.params) == ("/tickers", {"quotes": "USD", **limit})


def test_each_plan_has_its_host_and_header() -> None:
    assert {name: (plan.root, plan.key_header) for name, plan in PLANS.items()} == {
        "free": ("https://api.coinpaprika.com/v1", ""),
        "paid": ("https://api-pro.coinpaprika.com/v1", "Authorization"),
    }
    assert PLANS["free"].month_quota == 20_000
    assert all((plan.requests, plan.period) == (10, 1) for plan in PLANS.values())


def test_every_documented_field_is_known() -> None:
    assert parse("tickers", array(ticker())).drift == ()
