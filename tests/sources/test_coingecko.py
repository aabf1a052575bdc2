"""CoinGecko as it really answers: nulls, zeros that mean unknown, odd lists, and what is asked for when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kasparro.market.quote import Quote
from kasparro.sources.coingecko import PAGE_SIZE, PLANS
from kasparro.sources.contract import Cursor, Payload
from tests.sources.payloads import ABSENT, LISTED, MARKET, NOW, array, gecko, market, parse, record

NULLABLE = (
    "current_price", "market_cap", "market_cap_rank", "fully_diluted_valuation", "total_volume", "high_24h", "low_24h",
    "price_change_24h", "price_change_percentage_24h", "market_cap_change_24h", "market_cap_change_percentage_24h",
    "circulating_supply", "total_supply", "max_supply", "ath", "ath_change_percentage", "ath_date", "atl",
    "atl_change_percentage", "atl_date", "roi",
)  # fmt: skip


def quote(**changes: str) -> Quote:
    """The quote of one market record; nothing is rejected and nothing has drifted."""
    parsed = parse("markets", [market(), market(**changes)])
    assert (list(parsed.rejections), list(parsed.drift)) == ([], [])
    return parsed.quotes[1]


def listed(**changes: str) -> str:
    return record(LISTED, **changes)


def test_a_market_record_becomes_a_quote() -> None:
    assert quote() == Quote(
        1, "bitcoin", "btc", "Bitcoin", datetime(2026, 6, 15, 11, 58, 31, 123_000, UTC), 1, Decimal("107729.97"),
        2151367495530, 638930471209, Decimal("-0.97"), 19969999, Decimal("19969999.0"), 21000000,
    )  # fmt: skip


@pytest.mark.parametrize("field", NULLABLE)
def test_every_nullable_field_may_be_null(field: str) -> None:
    expected = {"current_price": "price_usd", "market_cap": "market_cap_usd", "market_cap_rank": "rank",
                "total_volume": "volume_24h_usd", "price_change_percentage_24h": "change_24h_percent",
                "circulating_supply": "circulating_supply", "total_supply": "total_supply",
                "max_supply": "max_supply"}  # fmt: skip
    found = quote(**{field: "null"})
    for provider, ours in expected.items():
        assert (getattr(found, ours) is None) == (provider == field)


@pytest.mark.parametrize("zero", ["0", "0.0", "0e10"])
@pytest.mark.parametrize("field", ["market_cap", "circulating_supply", "total_supply", "max_supply", "market_cap_rank"])
def test_zero_means_unknown_where_it_can_not_be_true(field: str, zero: str) -> None:
    ours = {"market_cap": "market_cap_usd", "market_cap_rank": "rank"}.get(field, field)
    assert getattr(quote(**{field: zero}), ours) is None


@pytest.mark.parametrize(
    ("field", "ours"),
    [
        ("current_price", "price_usd"),
        ("total_volume", "volume_24h_usd"),
        ("price_change_percentage_24h", "change_24h_percent"),
    ],
)
def test_zero_stays_zero_where_it_can_be_true(field: str, ours: str) -> None:
    assert getattr(quote(**{field: "0"}), ours) == 0


def test_the_change_is_the_percentage_and_never_the_amount() -> None:
    found = quote(
        price_change_24h="-1057.18", price_change_percentage_24h="-0.97", market_cap_change_24h="7",
        market_cap_change_percentage_24h="8",
    )  # fmt: skip
    assert found.change_24h_percent == Decimal("-0.97")


def test_circulating_may_exceed_the_total_supply() -> None:
    found = quote(circulating_supply="200", total_supply="100")
    assert (found.circulating_supply, found.total_supply) == (200, 100)


@pytest.mark.parametrize(
    "field", ["market_cap_rank_with_rehypothecated", "sparkline_in_7d", "price_change_percentage_7d_in_currency"]
)
def test_a_field_that_was_not_asked_for_is_told_as_new_and_costs_nothing(field: str) -> None:
    parsed = parse("markets", [market(**{field: "null"})])
    assert len(parsed.quotes) == 1
    assert [change.field for change in parsed.drift] == [field]


@pytest.mark.parametrize("roi", ['{"times":41.3,"currency":"btc","percentage":4131.2}', "null"])
def test_the_return_on_investment_is_an_object_or_null(roi: str) -> None:
    assert quote(roi=roi) == quote()


def test_the_time_is_kept_to_the_millisecond_and_in_utc() -> None:
    assert quote(last_updated='"2026-06-15T13:58:31.007+02:00"').observed_at == datetime(
        2026, 6, 15, 11, 58, 31, 7_000, UTC
    )
    assert quote(last_updated='"2026-06-15T13:58:31.007+02:00"').observed_at.tzinfo is UTC


def test_one_page_may_hold_the_same_coin_twice_and_the_same_symbol_often() -> None:
    parsed = parse("markets", [market(), market(), market(id='"other"')])
    assert [found.source_coin_id for found in parsed.quotes] == ["bitcoin", "bitcoin", "other"]


@pytest.mark.parametrize(
    ("count", "total", "end"),
    [
        (0, None, True),
        (4, None, False),
        (5, None, False),
        (4, "9", False),
        (5, "5", True),
        (4, "4", True),
        (5, "?", False),
    ],
)
def test_the_list_ends_with_an_empty_page_or_where_its_total_says(count: int, total: str | None, end: bool) -> None:
    source = gecko(5)
    request = source.plan({}, NOW)[0].requests[0]
    about = {} if total is None else {"total": total}
    assert source.parse(request, Payload(array(*[market()] * count), NOW, about)).end is end


def test_rejected_records_count_towards_a_full_page() -> None:
    source = gecko(3)
    request = source.plan({}, NOW)[0].requests[0]
    assert not source.parse(request, Payload(array(market(), "null", market()), NOW)).end


def test_a_listed_coin_with_its_addresses() -> None:
    (coin,) = parse("list", [listed(platforms='{"ethereum":"0xA0b8","base":"0x83"}')]).coins
    assert (coin.source_coin_id, coin.symbol, coin.name, coin.is_active) == ("usd-coin", "usdc", "USDC", True)
    assert coin.addresses == (("ethereum", "0xA0b8"), ("base", "0x83"))


@pytest.mark.parametrize("platforms", ["{}", "null", ABSENT, '{"tron":null}', '{"tron":""}', '{"":""}', '{"":"0x1"}'])
def test_a_coin_without_a_usable_address_is_listed_without(platforms: str) -> None:
    parsed = parse("list", [listed(), listed(platforms=platforms)])
    assert not parsed.rejections
    assert parsed.coins[1].addresses == ()


def test_of_several_addresses_the_usable_ones_are_kept() -> None:
    (coin,) = parse(
        "list", [listed(platforms='{"tron":null,"ethereum":"0x1","":"0x2","base":"","sui":"0x3::a::B"}')]
    ).coins
    assert coin.addresses == (("ethereum", "0x1"), ("sui", "0x3::a::B"))


@pytest.mark.parametrize("missing", ["null", '""'])
def test_a_listed_coin_may_lack_symbol_and_name(missing: str) -> None:
    parsed = parse("list", [listed(), listed(symbol=missing, name=missing)])
    assert parsed.rejections == ()
    assert (parsed.coins[1].symbol, parsed.coins[1].name) == (None, None)


def test_an_empty_id_is_rejected_and_odd_ids_are_not() -> None:
    odd = ["_", "比特币", "x" * 72, "a b", "$fjb"]
    parsed = parse("list", [listed(id='""', name='"Cresio"'), *(listed(id=f'"{text}"') for text in odd)])
    assert [coin.source_coin_id for coin in parsed.coins] == odd
    assert [rejection.ordinal for rejection in parsed.rejections] == [0]
    assert "Cresio" in parsed.rejections[0].record


@pytest.mark.parametrize(
    ("coins", "pages", "per_page"),
    [(1, 1, 1), (250, 1, 250), (251, 2, 126), (300, 2, 150), (1_000, 4, 250), (999, 4, 250)],
)
def test_a_sweep_asks_for_as_many_pages_as_the_coins_need(coins: int, pages: int, per_page: int) -> None:
    requests = gecko(coins).plan({}, NOW)[0].requests
    assert [request.params["page"] for request in requests] == [str(page) for page in range(1, pages + 1)]
    assert {request.params["per_page"] for request in requests} == {str(per_page)}
    assert per_page <= PAGE_SIZE
    first = requests[0]
    assert first.path == "/coins/markets"
    assert (first.params["vs_currency"], first.params["precision"]) == ("usd", "full")


def swept(source_coins: int, *pages: int) -> dict[str, Cursor]:
    """The checkpoints after these pages of a sweep over so many coins."""
    source = gecko(source_coins)
    planned = source.plan({}, NOW)[0]
    cursor = planned.cursor
    for page in pages:
        cursor = source.advance(cursor, planned.requests[page - 1], Payload(b"[]", NOW), complete=False)
    return {"markets": cursor}


def test_an_interrupted_sweep_goes_on_with_the_pages_that_are_left() -> None:
    planned = gecko(1_000).plan(swept(1_000, 1, 3), NOW + timedelta(hours=1))[0]
    assert [request.position for request in planned.requests] == [2, 4]


def test_an_interrupted_sweep_over_more_coins_than_now_asked_for_starts_anew() -> None:
    planned = gecko(500).plan(swept(1_000, 1, 2, 3), NOW + timedelta(hours=1))[0]
    assert [request.position for request in planned.requests] == [1, 2]
    assert planned.cursor["done"] == []


def test_the_coin_list_is_asked_for_once_a_day_with_its_platforms() -> None:
    source = gecko()
    coins = source.plan({}, NOW)[1]
    assert (coins.requests[0].path, coins.requests[0].params) == ("/coins/list", {"include_platform": "true"})
    done = {"coins": source.advance(coins.cursor, coins.requests[0], Payload(b"[]", NOW), complete=True)}
    assert [stream.name for stream in source.plan(done, NOW + timedelta(hours=23))] == ["markets"]
    assert [stream.name for stream in source.plan(done, NOW + timedelta(hours=24))] == ["markets", "coins"]


def test_each_plan_has_its_host_and_header() -> None:
    assert {name: (plan.root, plan.key_header) for name, plan in PLANS.items()} == {
        "keyless": ("https://api.coingecko.com/api/v3", ""),
        "demo": ("https://api.coingecko.com/api/v3", "x-cg-demo-api-key"),
        "pro": ("https://pro-api.coingecko.com/api/v3", "x-cg-pro-api-key"),
    }
    assert PLANS["demo"].month_quota == 10_000
    assert all(plan.wait_after_429 >= 60 for plan in PLANS.values())


def test_every_documented_field_is_known() -> None:
    assert parse("markets", [record(MARKET)]).drift == ()
