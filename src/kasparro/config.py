"""Every setting, typed, with its environment variable and default.

Lives here: what may be set, what is accepted, how a wrong value is reported.
May not live here: anything that acts on a setting.
"""

import os
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from cronsim import CronSim, CronSimError
from pydantic import AliasChoices, BaseModel, Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kasparro.errors import ExitCode, Fatal

_PROJECT = Path(__file__).parents[2]


class SettingError(Fatal):
    """A setting has a value that isn't accepted."""

    exit_code = ExitCode.SETTING


class CoinGeckoPlan(StrEnum):
    """CoinGecko's plans as far as they differ in host, header and limits."""

    KEYLESS = "keyless"
    DEMO = "demo"
    PRO = "pro"


class LogFormat(StrEnum):
    """JSON for machines, console for people."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe level that is written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class RateLimit(BaseModel):
    """So many requests per client in so many seconds."""

    requests: int = Field(ge=1, le=1_000_000)
    seconds: int


MIN_KEY = 24
"""Characters that a key from the environment must have: what people think up is shorter."""

_PERIODS = {"second": 1, "minute": 60, "hour": 3600}


def default_home() -> Path:
    """Where data goes when KASPARRO_HOME is unset: the XDG data directory of the user."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kasparro"


def _setting(default: Any, *names: str, **limits: Any) -> Any:
    return Field(default, validation_alias=AliasChoices(*names), **limits)


class ProviderSettings(BaseModel):
    """What may be set for any provider."""

    api_key: SecretStr | None = None
    base_url: HttpUrl | None = None
    plan: str | None = None
    max_coins: int | None = Field(None, ge=1)


class Settings(BaseSettings):
    """The settings of one process, from the environment and `.env` (the environment wins)."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: SecretStr | None = _setting(None, "DATABASE_URL")
    database_read_url: SecretStr | None = _setting(None, "DATABASE_READ_URL")
    database_pool_size: int = _setting(8, "DATABASE_POOL_SIZE", ge=1, le=100)
    database_timeout: int = _setting(10, "DATABASE_TIMEOUT", ge=1, le=600)
    kasparro_home: Path = Field(default_factory=default_home, validation_alias="KASPARRO_HOME")
    kasparro_db_port: int | None = _setting(None, "KASPARRO_DB_PORT", ge=1, le=65_535)

    coinpaprika_api_key: SecretStr | None = _setting(None, "COINPAPRIKA_API_KEY")
    coinpaprika_base_url: HttpUrl | None = _setting(None, "COINPAPRIKA_BASE_URL")
    coinpaprika_max_coins: int | None = _setting(None, "COINPAPRIKA_MAX_COINS", ge=1)
    coingecko_api_key: SecretStr | None = _setting(None, "COINGECKO_API_KEY")
    coingecko_plan: CoinGeckoPlan | None = _setting(None, "COINGECKO_PLAN")
    coingecko_base_url: HttpUrl | None = _setting(None, "COINGECKO_BASE_URL")
    coingecko_max_coins: int = _setting(1_000, "COINGECKO_MAX_COINS", ge=1, le=100_000)
    csv_path: str = _setting("data/crypto_sample.csv", "CSV_PATH", "CSV_FILE_PATH")

    etl_sources: Annotated[tuple[str, ...] | None, NoDecode] = _setting(None, "ETL_SOURCES")
    etl_batch_size: int = _setting(10_000, "ETL_BATCH_SIZE", "BATCH_SIZE", ge=1, le=100_000)
    etl_rate_limit_requests: int = _setting(100, "ETL_RATE_LIMIT_REQUESTS", ge=1)
    etl_rate_limit_period: int = _setting(60, "ETL_RATE_LIMIT_PERIOD", ge=1)
    etl_time_budget: int = _setting(600, "ETL_TIME_BUDGET", ge=1)
    etl_fail_after_n_records: int | None = _setting(None, "ETL_FAIL_AFTER_N_RECORDS", ge=1)

    etl_schedule: str = _setting("0 * * * *", "ETL_SCHEDULE")

    api_host: str = _setting("127.0.0.1", "API_HOST", min_length=1)
    api_port: int = _setting(8000, "API_PORT", ge=1, le=65_535)
    api_workers: int = _setting(1, "API_WORKERS", ge=1, le=64)
    api_rate_limit: Annotated[RateLimit | None, NoDecode] = _setting(
        RateLimit(requests=100, seconds=60), "API_RATE_LIMIT"
    )
    api_max_waiting: int = _setting(1_000, "API_MAX_WAITING", ge=1)
    api_require_key: bool = _setting(False, "API_REQUIRE_KEY")
    api_admin_key: SecretStr | None = _setting(None, "API_ADMIN_KEY")
    api_trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = _setting(
        (), "API_TRUSTED_PROXIES"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = _setting((), "CORS_ORIGINS")
    stale_after: int = _setting(7_200, "STALE_AFTER", ge=60)

    log_level: LogLevel | None = _setting(None, "LOG_LEVEL")
    log_format: LogFormat = _setting(LogFormat.CONSOLE, "LOG_FORMAT")
    otel_exporter_otlp_endpoint: HttpUrl | None = _setting(None, "OTEL_EXPORTER_OTLP_ENDPOINT")

    @field_validator("etl_sources", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _plain_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if origin not in ("*", f"{parts.scheme}://{parts.netloc}"):
                raise ValueError("origins such as https://example.org, separated by commas, or *")
        return value

    @field_validator("api_trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError:
            raise ValueError("addresses or networks such as 10.0.0.0/8, separated by commas") from None

    @field_validator("api_rate_limit", mode="before")
    @classmethod
    def _limit(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        requests, _, period = value.strip().lower().partition("/")
        if requests in ("off", "none") and not period:
            return None
        if not requests.isdecimal() or period not in _PERIODS:
            raise ValueError("a number per second, minute or hour, such as 100/minute, or off")
        return RateLimit(requests=int(requests), seconds=_PERIODS[period])

    @field_validator("etl_schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        try:
            if value != "off":
                CronSim(value, datetime.now(UTC))
        except CronSimError:
            raise ValueError("a cron expression in UTC such as 0 * * * *, or off") from None
        return value

    @field_validator("api_admin_key")
    @classmethod
    def _long_key(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value() if value else ""
        if value and not (len(key) >= MIN_KEY and key.isascii() and key.isprintable() and " " not in key):
            raise ValueError(f"at least {MIN_KEY} printable characters; `kasparro key create` makes a good one")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("coinpaprika_api_key", "coingecko_api_key")
    @classmethod
    def _sendable_key(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value().strip() if value else ""
        if not key.isascii() or not key.isprintable():
            raise ValueError("printable ASCII characters, as the provider shows the key")
        return SecretStr(key) if key else None

    @field_validator("coinpaprika_base_url", "coingecko_base_url")
    @classmethod
    def _plain_root(cls, value: HttpUrl | None) -> HttpUrl | None:
        if value and (value.username or value.password or value.query or value.fragment):
            raise ValueError("a root such as http://127.0.0.1:9000/v1, without user, password or query")
        return value

    @field_validator("database_url", "database_read_url")
    @classmethod
    def _postgres_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("a URL such as postgresql://user@host:5432/database")
        return value

    def provider(self, name: str) -> "ProviderSettings":
        """The settings of one provider: `<NAME>_API_KEY`, `<NAME>_BASE_URL`, `<NAME>_PLAN`, `<NAME>_MAX_COINS`.

        A provider without fields of its own here is read from the environment as it is.
        """

        def read(word: str) -> Any:
            field = f"{name}_{word}"
            value = getattr(self, field) if field in type(self).model_fields else os.environ.get(field.upper())
            return value or None

        try:
            return ProviderSettings(
                api_key=read("api_key"), base_url=read("base_url"), plan=read("plan"), max_coins=read("max_coins")
            )
        except ValidationError as error:
            variable = f"{name}_{error.errors()[0]['loc'][0]}".upper()
            raise SettingError(f"{variable} is not accepted: {error.errors()[0]['msg']}") from None

    @property
    def csv_pattern(self) -> str:
        """CSV_PATH as an absolute path or pattern; the bundled sample is also found from elsewhere."""
        path = Path(self.csv_path).expanduser()
        if path.is_absolute():
            return str(path)
        unset = "csv_path" not in self.model_fields_set
        return str(_PROJECT / path if unset and not path.exists() else Path.cwd() / path)

    def secrets(self) -> tuple[str, ...]:
        """The values that may never be written anywhere."""
        addresses = [url.get_secret_value() for url in (self.database_url, self.database_read_url) if url]
        given = (self.coinpaprika_api_key, self.coingecko_api_key, self.api_admin_key)
        known = [*addresses, *(secret.get_secret_value() for secret in given if secret)]
        for address in addresses:
            if password := urlsplit(address).password:
                known += [password, unquote(password)]
        # Providers without fields of their own here, see `provider`.
        return (*known, *(value for name, value in os.environ.items() if name.upper().endswith("_API_KEY") and value))


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` are field names with values that win over the environment.

    Raises SettingError, one line that names the variable, the value and what is accepted.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingError(*_explain(error)) from None


def _explain(error: ValidationError) -> tuple[str]:
    lines = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        value = str(problem.get("input"))
        # An address may carry a password.
        secret = name.upper().endswith(("_KEY", "DATABASE_URL", "READ_URL")) or "@" in value
        shown = "" if secret else f"={value[:60]!r}"
        accepted = str(problem["msg"]).removeprefix("Value error, ").replace("Input should", "input should")
        lines.append(f"{_variable(name)}{shown} is not accepted: {accepted}")
    return ("; ".join(lines),)


def _variable(name: str) -> str:
    """The spelling of the setting `name` (a field or its first alias) that is in use, else its first."""
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias
        names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [str(alias)]
        if name in (field, *names):
            return next((spelling for spelling in names if os.environ.get(spelling)), names[0])
    return name.upper()
