"""What is odd about quotes: all checks over one page of them."""

from kasparro.market.anomaly.anomaly import Anomaly
from kasparro.market.anomaly.contradiction import (
    change_anomalies,
    market_cap_anomalies,
    price_anomalies,
    supply_anomalies,
)
from kasparro.market.anomaly.jump import jump_anomalies
from kasparro.market.anomaly.page import QuotePage
from kasparro.market.anomaly.standstill import frozen_anomalies, stale_anomalies

_CHECKS = (
    price_anomalies, jump_anomalies, frozen_anomalies, stale_anomalies, market_cap_anomalies, supply_anomalies,
    change_anomalies,
)  # fmt: skip


def quote_anomalies(page: QuotePage) -> list[Anomaly]:
    """Everything that is odd about the quotes of `page`, check by check; a quote may be odd in several ways."""
    return [found for check in _CHECKS for found in check(page)]
