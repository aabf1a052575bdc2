"""How far sources are apart: prices and market caps, each by itself."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kasparro.market.consensus import ListingQuote
from kasparro.market.disagreement import TOGETHER, Measure, disagreements, spread

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FRESH = timedelta(hours=2)


def quote(
    source: str, price: str | None, cap: str | None = None, *, minutes: int = 1, listing: int = 1
) -> ListingQuote:
    """What `source` said so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    return ListingQuote(source, "", listing, at, price and Decimal(price), cap and Decimal(cap))  # type: ignore[arg-type]


def test_lowest_highest_difference_and_when() -> None:
    quotes = [quote("a", "102", minutes=3, listing=7), quote("b", "100", minutes=9), quote("c", "105", minutes=5)]
    found = spread(Measure.PRICE, quotes, NOW, FRESH)
    assert found is not None
    assert (found.lowest.source, found.highest.source, found.sources) == ("b", "c", 3)
    assert (found.difference_percent, found.observed_at) == (Decimal(5), NOW - timedelta(minutes=5))


def test_prices_and_market_caps_are_measured_apart_with_thresholds_of_their_own() -> None:
    quotes = [quote("a", "100", "1000"), quote("b", "101", "1200")]
    (cap,) = disagreements(quotes, NOW, FRESH)
    assert (cap.measure, cap.difference_percent) == (Measure.MARKET_CAP, Decimal(20))
    both = disagreements(quotes, NOW, FRESH, price_percent=Decimal("0.5"))
    assert [each.measure for each in both] == [Measure.PRICE, Measure.MARKET_CAP]
    assert disagreements(quotes, NOW, FRESH, market_cap_percent=Decimal(20)) == []


def test_what_is_old_unknown_or_no_price_is_not_compared() -> None:
    good = quote("a", "100")
    for other in (
        quote("b", "200", minutes=121), quote("b", None), quote("b", "0"), quote("b", "-5"), quote("b", "NaN"),
        quote("a", "200", listing=2),
    ):  # fmt: skip
        assert spread(Measure.PRICE, [good, other], NOW, FRESH) is None


def test_only_quotes_of_about_the_same_time_are_compared() -> None:
    quotes = [quote("a", "100", minutes=1), quote("b", "150", minutes=40), quote("c", "151", minutes=50)]
    found = spread(Measure.PRICE, quotes, NOW, FRESH)
    assert found is not None
    assert (found.lowest.source, found.highest.source, found.sources) == ("b", "c", 2)
    wider = spread(Measure.PRICE, quotes, NOW, FRESH, together=timedelta(hours=1))
    assert wider is not None
    assert (wider.lowest.source, wider.highest.source) == ("a", "c")


def test_the_newest_of_a_source_speaks_for_it() -> None:
    quotes = [quote("a", "100", minutes=9), quote("a", "110", minutes=2), quote("b", "110")]
    found = spread(Measure.PRICE, quotes, NOW, FRESH)
    assert found is not None
    assert found.difference_percent == 0


AMOUNTS = st.decimals(min_value=Decimal("1e-18"), max_value=Decimal("1e14"), allow_nan=False)
SAID = st.lists(st.tuples(st.sampled_from("abcd"), AMOUNTS, st.integers(0, 60)), max_size=8)


@given(SAID, st.randoms())
def test_it_is_the_widest_of_all_pairs_in_whatever_order(said: list[tuple[str, Decimal, int]], chance: Random) -> None:
    quotes = [
        ListingQuote(source, "", at, NOW - timedelta(minutes=minutes), price)
        for at, (source, price, minutes) in enumerate(said)
    ]
    found = spread(Measure.PRICE, quotes, NOW, FRESH)
    # Written another way: each source's newest, then all ratios of those that are near enough in time.
    newest = {q.source: q for q in sorted(quotes, key=lambda q: (q.observed_at, -q.listing_id))}
    ratios = [
        Fraction(one.price_usd or 1) / Fraction(other.price_usd or 1)
        for one in newest.values()
        for other in newest.values()
        if one.source != other.source and abs(one.observed_at - other.observed_at) <= TOGETHER
    ]
    assert (found is None) == (not ratios)
    if found is not None:
        widest = (max(ratios) - 1) * 100
        assert abs(Fraction(found.difference_percent) - widest) <= widest / 10**5
    chance.shuffle(quotes)
    assert spread(Measure.PRICE, quotes, NOW, FRESH) == found
