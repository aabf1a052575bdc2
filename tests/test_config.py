"""Settings: both spellings, empty means unset, and one line for each wrong value."""

from pathlib import Path
from typing import Any

import pytest

from kasparro.bootstrap.providers import source_names
from kasparro.config import LogFormat, LogLevel, SettingError, Settings, load_settings
from kasparro.errors import ExitCode


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without `.env`."""
    monkeypatch.chdir(tmp_path)


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    with pytest.raises(SettingError) as caught:
        settings(monkeypatch, **environment)
    assert caught.value.exit_code is ExitCode.SETTING
    assert caught.value.__cause__ is None
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_nothing_needs_to_be_set() -> None:
    plain = load_settings()
    assert plain.database_url is None
    assert plain.coingecko_max_coins == 1_000
    assert plain.coinpaprika_max_coins is None
    assert (plain.etl_rate_limit_requests, plain.etl_rate_limit_period, plain.etl_time_budget) == (100, 60, 600)
    assert plain.secrets() == ()
    assert set(source_names(plain)) >= {"coingecko", "coinpaprika", "csv"}


WRONG = [
    ("COINGECKO_MAX_COINS", "0", "greater than or equal to 1"),
    ("COINGECKO_MAX_COINS", "100001", "less than or equal to 100000"),
    ("COINGECKO_MAX_COINS", "many", "integer"),
    ("COINGECKO_PLAN", "gold", "'keyless', 'demo' or 'pro'"),
    ("COINGECKO_BASE_URL", "ftp://x/y", "'http' or 'https'"),
    ("COINGECKO_BASE_URL", "nonsense", "valid URL"),
    ("COINPAPRIKA_BASE_URL", "127.0.0.1:9000", "URL"),
    ("COINPAPRIKA_MAX_COINS", "-5", "greater than or equal to 1"),
    ("ETL_BATCH_SIZE", "0", "greater than or equal to 1"),
    ("ETL_BATCH_SIZE", "1.5", "integer"),
    ("BATCH_SIZE", "100001", "less than or equal to 100000"),
    ("ETL_RATE_LIMIT_REQUESTS", "0", "greater than or equal to 1"),
    ("ETL_RATE_LIMIT_PERIOD", "a minute", "integer"),
    ("ETL_TIME_BUDGET", "0", "greater than or equal to 1"),
    ("ETL_FAIL_AFTER_N_RECORDS", "-1", "greater than or equal to 1"),
    ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ("LOG_FORMAT", "xml", "'json' or 'console'"),
]


@pytest.mark.parametrize(("variable", "value", "accepted"), WRONG)
def test_a_wrong_value_gives_one_line_with_variable_value_and_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, accepted: str
) -> None:
    line = refusal(monkeypatch, **{variable: value})
    assert line.startswith(f"{variable}={value!r} is not accepted: ")
    assert accepted in line


def test_each_of_several_wrong_values_is_named_in_the_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    line = refusal(monkeypatch, COINGECKO_MAX_COINS="0", BATCH_SIZE="a\nb", LOG_FORMAT="xml")
    for variable in ("COINGECKO_MAX_COINS='0'", r"BATCH_SIZE='a\nb'", "LOG_FORMAT='xml'"):
        assert variable in line


def test_a_long_wrong_value_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(refusal(monkeypatch, LOG_FORMAT="x" * 5_000)) < 300


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("COINGECKO_API_KEY", "hunter2-schlüssel"),
        ("COINPAPRIKA_API_KEY", "hunter2\nhunter2"),
        ("COINGECKO_BASE_URL", "ftp://me:hunter2@h/"),
    ],
)
def test_a_wrong_secret_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    line = refusal(monkeypatch, **{variable: value})
    assert line.startswith(f"{variable} is not accepted: ")
    assert "hunter2" not in line


@pytest.mark.parametrize("url", ["postgresql://u:p@h:5432/d", "postgres://h/d"])
def test_both_names_of_postgresql_are_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    secret = settings(monkeypatch, DATABASE_URL=url).database_url
    assert secret is not None
    assert secret.get_secret_value() == url


@pytest.mark.parametrize(
    ("spellings", "field", "value", "expected"),
    [
        (("ETL_BATCH_SIZE", "BATCH_SIZE"), "etl_batch_size", "42", 42),
        (("CSV_PATH", "CSV_FILE_PATH"), "csv_path", "prices/*.csv", "prices/*.csv"),
    ],
)
def test_both_spellings_set_the_same_and_the_first_wins(
    monkeypatch: pytest.MonkeyPatch, spellings: tuple[str, str], field: str, value: str, expected: object
) -> None:
    for spelling in spellings:
        with monkeypatch.context() as alone:
            assert getattr(settings(alone, **{spelling: value}), field) == expected
    both = settings(monkeypatch, **{spellings[0]: value, spellings[1]: "7"})
    assert getattr(both, field) == expected


def test_an_empty_spelling_leaves_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, ETL_BATCH_SIZE="", BATCH_SIZE="42").etl_batch_size == 42


def test_an_empty_value_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings()
    aliases = [info.validation_alias for info in Settings.model_fields.values()]
    names = [str(name) for alias in aliases for name in (alias if isinstance(alias, str) else alias.choices)]  # type: ignore[union-attr]
    assert len(names) > 15
    assert settings(monkeypatch, **dict.fromkeys(names, "")) == plain


def test_a_blank_key_is_no_key_and_blanks_around_one_are_not_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, COINGECKO_API_KEY=" CG-1\n", COINPAPRIKA_API_KEY="  ")
    assert found.coingecko_api_key is not None
    assert found.coingecko_api_key.get_secret_value() == "CG-1"
    assert found.coinpaprika_api_key is None


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [("LOG_LEVEL", "debug", "log_level", LogLevel.DEBUG), ("LOG_FORMAT", "json", "log_format", LogFormat.JSON)],
)
def test_words_are_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: object
) -> None:
    assert getattr(settings(monkeypatch, **{variable: value}), field) == expected


def test_sources_are_a_comma_list_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    assert source_names(settings(monkeypatch, ETL_SOURCES=" csv , coingecko,csv,")) == ("csv", "coingecko")


def test_an_unknown_source_is_named_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match=r"ETL_SOURCES='binance' is not accepted: .*coingecko") as caught:
        source_names(settings(monkeypatch, ETL_SOURCES="csv,binance"))
    assert "\n" not in str(caught.value)


def test_the_environment_wins_over_the_file_and_the_command_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("COINGECKO_MAX_COINS=10\nETL_TIME_BUDGET=5\nCOINGECKO_API_KEY=from-file\nUNKNOWN=1\n")
    found = settings(monkeypatch, COINGECKO_MAX_COINS="20")
    assert (found.coingecko_max_coins, found.etl_time_budget) == (20, 5)
    assert found.secrets() == ("from-file",)
    assert load_settings(coingecko_max_coins=30).coingecko_max_coins == 30


def test_settings_of_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        monkeypatch, COINGECKO_API_KEY="k", COINGECKO_BASE_URL="http://127.0.0.1:9000/api/v3", COINGECKO_PLAN="pro"
    ).provider("coingecko")
    assert found.api_key is not None
    assert found.api_key.get_secret_value() == "k"
    assert (str(found.base_url), found.plan, found.max_coins) == ("http://127.0.0.1:9000/api/v3", "pro", 1_000)


def test_a_provider_of_ones_own_is_set_by_its_name_and_its_key_is_a_secret_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, MYCOINS_API_KEY="mine", MYCOINS_MAX_COINS="5")
    mine = found.provider("mycoins")
    assert mine.api_key is not None
    assert (mine.api_key.get_secret_value(), mine.max_coins, mine.base_url) == ("mine", 5, None)
    assert "mine" in found.secrets()
    monkeypatch.setenv("MYCOINS_MAX_COINS", "0")
    with pytest.raises(SettingError, match="MYCOINS_MAX_COINS is not accepted"):
        found.provider("mycoins")


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: dict[str, Any] = {
        "DATABASE_URL": "postgresql://u:hunter2@h/d",
        "COINGECKO_API_KEY": "hunter2-a",
        "COINPAPRIKA_API_KEY": "hunter2-b",
    }
    found = settings(monkeypatch, **secrets)
    assert set(found.secrets()) == {*secrets.values(), "hunter2"}
    for text in (repr(found), str(found), found.model_dump_json(), repr(found.provider("coingecko"))):
        assert "hunter2" not in text


def test_a_path_to_csv_files_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Path(load_settings().csv_pattern).name == "crypto_sample.csv"
    assert settings(monkeypatch, CSV_PATH="in/*.csv").csv_pattern == str(tmp_path / "in" / "*.csv")
    assert settings(monkeypatch, CSV_PATH=str(tmp_path / "a.csv")).csv_pattern == str(tmp_path / "a.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings(monkeypatch, CSV_PATH="~/a.csv").csv_pattern == str(tmp_path / "a.csv")


def test_data_goes_to_the_users_data_directory_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert load_settings().kasparro_home == tmp_path / "xdg" / "kasparro"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings().kasparro_home == tmp_path / ".local" / "share" / "kasparro"
    assert settings(monkeypatch, KASPARRO_HOME=str(tmp_path / "mine")).kasparro_home == tmp_path / "mine"
