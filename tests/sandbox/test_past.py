"""The market's past as files: true to the market, with a gap, and told to be made up."""

import csv
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kasparro.sandbox import SandboxSettings
from kasparro.sandbox.past import write_past

NOW = datetime(2026, 6, 15, 10, 20, tzinfo=UTC)
SETTINGS = SandboxSettings(coingecko_coins=50, coinpaprika_coins=50)


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """The files of three coins."""
    write_past(tmp_path, SETTINGS, NOW.timestamp(), coins=3)
    return tmp_path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_both_files_end_now_and_say_that_they_are_made_up(past: Path) -> None:
    for name in ("aurora", "meridian"):
        rows = _rows(past / f"{name}.csv")
        assert max(row["last_updated"] for row in rows) == "2026-06-15T10:20:00Z"
        assert (past / f"{name}.toml").read_text().endswith("simulated = true\n")
    assert len(_rows(past / "aurora.csv")) == 3 * 30 * 24


def test_one_of_them_has_a_gap_and_records_that_are_none(past: Path) -> None:
    rows = _rows(past / "meridian.csv")
    moments = sorted({datetime.fromisoformat(row["last_updated"]) for row in rows})
    apart = [later - before for before, later in pairwise(moments)]
    assert sorted(set(apart)) == [timedelta(hours=1), timedelta(hours=33)]
    assert [(row["id"], row["price_usd"]) for row in rows[-2:]] == [("broken-coin", "twelve"), ("", "1.25")]


def test_prices_are_those_of_the_market(past: Path, tmp_path: Path) -> None:
    aurora, meridian = (_rows(past / f"{name}.csv")[-3:] for name in ("aurora", "meridian"))
    told = {row["id"]: float(row["price_usd"]) for row in aurora}
    other = {row["id"]: float(row["price_usd"]) for row in _rows(past / "meridian.csv")[-5:-2]}
    assert told.keys() == other.keys() and len(meridian) == 3
    for coin, price in told.items():
        assert price == pytest.approx(other[coin], rel=0.003)


def test_what_was_written_stays(past: Path) -> None:
    before = (past / "aurora.csv").read_bytes()
    write_past(past, SETTINGS, NOW.timestamp() + 86_400, coins=3)
    assert (past / "aurora.csv").read_bytes() == before
