"""The demonstration: a simulated market, beside the usual home in one of its own."""

from kasparro.cli.session import begin
from kasparro.config import Settings, load_settings
from kasparro.sandbox.app import GECKO_PREFIX, PAPRIKA_PREFIX

SCHEDULE = "*/5 * * * *"
"""Often enough to watch the market move; a setting of one's own is kept."""


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
    return ["--port", str(port), "--coingecko-plan", "unlimited", "--coinpaprika-plan", "free"]


def sandbox_environment(settings: Settings, port: int, url: str) -> dict[str, str]:
    """What makes other commands take the sandbox on `port` for the providers, and the ledger at `url` for theirs."""
    root = f"http://127.0.0.1:{port}"
    return {
        "COINGECKO_BASE_URL": root + GECKO_PREFIX,
        "COINPAPRIKA_BASE_URL": root + PAPRIKA_PREFIX,
        "DATABASE_READ_URL": url,
        "ETL_SCHEDULE": settings.etl_schedule,
    }
