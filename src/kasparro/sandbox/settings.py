"""What a sandbox is asked to be."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kasparro.errors import ExitCode, Fatal
from kasparro.sandbox.faults import Fault

LARGEST_MARKET = 50_000
COINGECKO_PLANS = ("keyless", "demo", "pro", "unlimited")
COINPAPRIKA_PLANS = ("free", "paid", "unlimited")


class SandboxSettingError(Fatal):
    """The sandbox can't be what it was asked to be."""

    exit_code = ExitCode.SETTING


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Everything a sandbox depends on; equal settings and equal time give equal answers.

    `port` 0 takes any free one. `coingecko_coins` and `coinpaprika_coins` count the active coins each
    provider lists (1..50,000); the free CoinPaprika plan shows at most 2,000 of them. `frozen_at` (with a
    time zone) stops the market's clock; None lets it run. The market moves once per `tick_seconds`.
    `latency_ms` is added to every answer. `recorded` is a directory of recorded payloads to serve instead of
    the synthetic market.

    Raises SandboxSettingError that names the setting, the value and what is accepted.
    """

    port: int = 9000
    host: str = "127.0.0.1"
    seed: int = 1
    coingecko_coins: int = 1000
    coinpaprika_coins: int = 2000
    coingecko_plan: str = "demo"
    coinpaprika_plan: str = "free"
    recorded: Path | None = None
    frozen_at: datetime | None = None
    faults: tuple[Fault, ...] = ()
    latency_ms: int = 0
    tick_seconds: int = 60

    def __post_init__(self) -> None:
        self._within("port", self.port, 0, 65_535)
        self._within("coingecko_coins", self.coingecko_coins, 1, LARGEST_MARKET)
        self._within("coinpaprika_coins", self.coinpaprika_coins, 1, LARGEST_MARKET)
        self._within("latency_ms", self.latency_ms, 0, 600_000)
        self._within("tick_seconds", self.tick_seconds, 1, 86_400)
        self._one_of("coingecko_plan", self.coingecko_plan, COINGECKO_PLANS)
        self._one_of("coinpaprika_plan", self.coinpaprika_plan, COINPAPRIKA_PLANS)
        if self.frozen_at is not None and self.frozen_at.tzinfo is None:
            raise SandboxSettingError(
                f"the sandbox setting frozen_at is {self.frozen_at.isoformat()}, which has no time zone",
                remedy="Give the moment with a zone, such as 2026-01-31T12:00:00Z.",
            )

    @staticmethod
    def _within(name: str, value: int, least: int, most: int) -> None:
        if not least <= value <= most:
            raise SandboxSettingError(
                f"the sandbox setting {name} is {value}",
                remedy=f"Give a whole number from {least} to {most}.",
            )

    @staticmethod
    def _one_of(name: str, value: str, accepted: tuple[str, ...]) -> None:
        if value not in accepted:
            raise SandboxSettingError(
                f"the sandbox setting {name} is {value!r}", remedy=f"Give one of: {', '.join(accepted)}."
            )
