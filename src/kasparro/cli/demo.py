"""The demonstration: a simulated market, beside the usual home in one of its own."""

import time

from kasparro.cli.session import begin
from kasparro.config import Settings, load_settings

SCHEDULE = "* * * * *"
"""As often as the simulated market moves; a setting of one's own is kept."""
PAST = "past"
"""The folder of the files that tell what was before, below the demonstration's home."""
_FAULTS = (
    "coingecko:/coins/markets bad-record=off",
    "coingecko:/coins/markets?page=2 drift=add:sentiment",
    "coinpaprika:/tickers bad-record=text",
)
"""What a ledger is for shows only where something is wrong: a price apart, a new field, a record that is none."""


def settings_for(*, demo: bool, lasting: bool = False) -> Settings:
    """The settings of this command; of the demonstration's home (`…-demo`) and never of another database if `demo`."""
    if not demo:
        return begin(lasting=lasting)
    usual = load_settings()
    home = usual.kasparro_home
    return begin(
        lasting=lasting,
        kasparro_home=home.with_name(home.name + "-demo"),
        database_url=None,
        database_read_url=None,
        etl_schedule=usual.etl_schedule if "etl_schedule" in usual.model_fields_set else SCHEDULE,
    )


def sandbox_arguments(port: int) -> list[str]:
    """`kasparro sandbox` as the demonstration needs it: a moving market on `port` that never says 429 to us."""
    faults = [part for fault in _FAULTS for part in ("--fault", fault)]
    return ["--port", str(port), "--coingecko-plan", "unlimited", "--coinpaprika-plan", "free", *faults]


def sandbox_environment(settings: Settings, port: int, url: str) -> dict[str, str]:
    """What makes other commands take the sandbox on `port` for the providers, and the ledger at `url` for theirs.

    The market's past comes from files, which are written where they aren't yet, unless CSV_PATH names others.
    """
    from kasparro.sandbox.app import GECKO_PREFIX, PAPRIKA_PREFIX
    from kasparro.sandbox.past import write_past
    from kasparro.sandbox.settings import SandboxSettings

    root = f"http://127.0.0.1:{port}"
    past = settings.kasparro_home / PAST
    own = "csv_path" in settings.model_fields_set
    if not own:
        write_past(past, SandboxSettings(), time.time())
    return {
        "CSV_PATH": settings.csv_path if own else str(past),
        "COINGECKO_BASE_URL": root + GECKO_PREFIX,
        "COINPAPRIKA_BASE_URL": root + PAPRIKA_PREFIX,
        "DATABASE_READ_URL": url,
        "ETL_SCHEDULE": settings.etl_schedule,
    }
