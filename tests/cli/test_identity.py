"""`kasparro identity` and `kasparro explain`: what a person sees and decides of listings."""

import json

import pytest

from kasparro.errors import ExitCode
from kasparro.ingest.identity import settle_identity
from tests.cli.conftest import Run
from tests.ingest.test_identity import assets, coin, put

WRAPPED = ["ethereum", "0x" + "ab" * 20]


@pytest.fixture
def unsure(url: str) -> str:
    """A ledger with a coin at both providers, and two listings that may be one."""
    put(url, "coingecko", coin("alpha", "alpha", "Alpha", WRAPPED), coin("zed", "zed", "Zed Protocol"))
    put(
        url,
        "coinpaprika",
        coin("alpha-alpha", "ALPHA", "Alpha", WRAPPED),
        coin("zed-zed-old", "ZED", "Zed Protocol (old)"),
    )
    settle_identity(url)
    return url


def test_explain_shows_asset_method_and_evidence(kasparro: Run, unsure: str) -> None:
    told = kasparro("explain", "alpha-alpha")
    assert told.returncode == ExitCode.OK, told.stderr
    for shown in ("asset alpha", "coingecko:alpha", "by address", WRAPPED[1]):
        assert shown in told.stdout
    found = json.loads(kasparro("explain", "coinpaprika:alpha-alpha", "--json").stdout)
    assert (found["links"][0]["asset"], found["links"][0]["method"]) == ("alpha", "address")
    assert found["mates"] == ["coingecko:alpha"]


def test_an_asset_is_explained_listing_by_listing_and_its_evidence_is_readable(kasparro: Run, unsure: str) -> None:
    assert kasparro("identity", "link", "coingecko:zed", "zed-zed-old").returncode == ExitCode.OK
    told = kasparro("explain", "ZED-PROTOCOL")
    assert told.returncode == ExitCode.USAGE, "no asset is called so"
    told = kasparro("explain", assets(unsure)["coingecko:alpha"])
    assert "coingecko:alpha (ALPHA, Alpha)" in told.stdout and "{" not in told.stdout, told.stdout
    assert f"addresses: ethereum:{WRAPPED[1]}" in told.stdout


def test_an_unknown_listing_is_told_with_those_near_it(kasparro: Run, unsure: str) -> None:
    told = kasparro("explain", "coingecko:alph")
    assert told.returncode == ExitCode.USAGE
    assert "coingecko:alpha (ALPHA, Alpha)" in told.stderr


def test_a_file_s_coin_that_hangs_on_nothing_says_why(kasparro: Run, url: str) -> None:
    assert kasparro("ingest").returncode == ExitCode.OK
    told = kasparro("explain", "csv:small:pepe")
    assert "linked to no provider's coin" in told.stdout and "PEPE" in told.stdout
    put(url, "coingecko", coin("frog", "frog", "Frog"))
    assert kasparro("identity", "split", "csv:small:pepe", "frog").returncode == ExitCode.OK
    shown = kasparro("identity", "verdicts").stdout
    assert "csv:small:pepe" in shown, "as it must be written"


def test_what_waits_is_listed_decided_and_taken_back(kasparro: Run, unsure: str) -> None:
    listed = kasparro("identity", "review")
    assert listed.returncode == ExitCode.OK and "zed-zed-old" in listed.stdout, listed.stderr
    [waiting] = json.loads(kasparro("identity", "review", "--json").stdout)
    assert {waiting["coin_id"], waiting["other_coin_id"]} == {"zed", "zed-zed-old"} and waiting["reason"]
    joined = kasparro("identity", "link", "coingecko:zed", "zed-zed-old", "--note", "same team")
    assert joined.returncode == ExitCode.OK, joined.stderr
    assert assets(unsure)["coingecko:zed"] == assets(unsure)["coinpaprika:zed-zed-old"]
    assert json.loads(kasparro("identity", "review", "--json").stdout) == []
    [kept] = json.loads(kasparro("identity", "verdicts", "--json").stdout)
    assert (kept["same"], kept["note"]) == (True, "same team")
    assert kasparro("identity", "undo", str(kept["verdict_id"])).returncode == ExitCode.OK
    assert assets(unsure)["coingecko:zed"] != assets(unsure)["coinpaprika:zed-zed-old"]
    assert kasparro("identity", "undo", str(kept["verdict_id"])).returncode == ExitCode.USAGE
    assert "taken back" in kasparro("identity", "verdicts").stdout


def test_a_refused_link_shows_its_evidence_and_changes_nothing(kasparro: Run, unsure: str) -> None:
    before = assets(unsure)
    told = kasparro("identity", "link", "coingecko:zed", "coinpaprika:alpha-alpha")
    assert told.returncode == ExitCode.INPUT
    assert WRAPPED[1] in told.stderr and "coingecko alpha" in told.stderr
    assert assets(unsure) == before


def test_split_keeps_two_coins_apart_and_resolve_respects_it(kasparro: Run, unsure: str) -> None:
    assert kasparro("identity", "split", "coingecko:alpha", "alpha-alpha").returncode == ExitCode.OK
    done = kasparro("identity", "resolve", "--json")
    assert json.loads(done.stdout)["decided"] == 4
    assert assets(unsure)["coingecko:alpha"] != assets(unsure)["coinpaprika:alpha-alpha"]


def test_changes_of_a_coin_list_are_shown(kasparro: Run, unsure: str) -> None:
    told = kasparro("identity", "changes", "--source", "coingecko")
    assert told.returncode == ExitCode.OK and "nothing changed" in told.stdout
    put(unsure, "coingecko", coin("zed", "zed", "Zed Renamed"))
    told = kasparro("identity", "changes", "--source", "coingecko")
    assert "renamed" in told.stdout and "Zed Renamed" in told.stdout, "since the first list, which is younger"
    for source in ("nope", "csv"):
        assert kasparro("identity", "changes", "--source", source).returncode in (ExitCode.USAGE, ExitCode.SETTING)
