"""The page: the newest quotes of some listings as columns, with all that is needed to judge them."""

from collections.abc import Sequence

import msgspec

from kasparro.market.anomaly.history import Floats, History


class QuotePage(msgspec.Struct, frozen=True, kw_only=True):
    """Quotes to be judged, one a row, in columns of floats: good for statistics, and never stored as prices.

    NaN means unknown everywhere. `subjects` names the listings to a person, like `coingecko/bitcoin`. Times are seconds
    since 1970 in UTC: `observed_at` by the source's clock, `fetched_at` by ours when the source last said so, whether
    that was news or not (NaN for what isn't fetched again and again, like files). Amounts are in USD,
    `change_24h_percent` in percent.

    `history` has what was observed of the same listings earlier than `observed_at`. 30 to 50 observations over two days
    or more serve best, so one an hour. `other_prices` and `other_times` have a column for each other source: its newest
    price of the same asset and when that was observed; they may have no columns at all.
    """

    subjects: Sequence[str]
    observed_at: Floats
    fetched_at: Floats
    price: Floats
    market_cap: Floats
    change_24h_percent: Floats
    circulating_supply: Floats
    total_supply: Floats
    max_supply: Floats
    history: History
    other_prices: Floats
    other_times: Floats
