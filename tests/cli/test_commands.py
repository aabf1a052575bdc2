"""Commands from outside: what they print, where, and how they end."""

import json
import re
import socket
from pathlib import Path

import psycopg
import pytest

from kasparro.errors import ExitCode
from tests.cli.conftest import Run


def quote_ids(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT crypto_id, id FROM cleaned_data").fetchall()
    return {row[0]: row[1] for row in rows}


def test_ingest_ends_with_one_json_object_on_standard_output(kasparro: Run) -> None:
    done = kasparro("ingest", "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    report = json.loads(done.stdout)
    [step] = report["steps"]
    assert report["status"] == "success"
    assert {name: step[name] for name in ("source", "status", "seen", "new", "unchanged", "rejected")} == {
        "source": "csv", "status": "success", "seen": 3, "new": 2, "unchanged": 0, "rejected": 1,
    }  # fmt: skip
    assert {"run_id", "status", "steps"} <= report.keys()
    assert {"requests", "retries", "seconds"} <= step.keys()


def test_a_second_run_writes_nothing_and_says_so(kasparro: Run) -> None:
    kasparro("ingest")
    report = json.loads(kasparro("ingest", "--json").stdout)
    assert [step["new"] for step in report["steps"]] == [0]


def test_a_receipt_shows_the_very_digits_of_the_file(kasparro: Run, url: str, tmp_path: Path) -> None:
    kasparro("ingest")
    quote = quote_ids(url)["bitcoin"]
    told = kasparro("receipt", str(quote))
    assert "70000.123456789012345678" in told.stdout
    assert "bitcoin,BTC,Bitcoin,70000.123456789012345678,1400000000000,2026-01-02T03:04:05Z" in told.stdout
    receipt = json.loads(kasparro("receipt", str(quote), "--json", "--payload", str(tmp_path / "raw")).stdout)
    assert receipt["record"].startswith("bitcoin,")
    assert (tmp_path / "raw").read_text().splitlines()[1] == receipt["record"]


def test_json_output_keeps_every_digit(kasparro: Run, url: str) -> None:
    kasparro("ingest")
    told = kasparro("receipt", str(quote_ids(url)["bitcoin"]), "--json").stdout
    assert '"price_usd":70000.123456789012345678' in told


def test_rejections_are_listed_with_their_reason(kasparro: Run) -> None:
    kasparro("ingest")
    [kept] = json.loads(kasparro("rejections", "--json").stdout)
    assert kept["reason"] == "bad_number"
    assert kept["record"].startswith("broken,")
    assert "twelve" in kasparro("rejections").stdout


def test_anomalies_are_told_at_the_end_of_a_run_and_listed(kasparro: Run, small_csv: Path) -> None:
    small_csv.write_text(small_csv.read_text() + "odd,ODD,Odd,0,,2026-01-02T03:04:05Z\n")
    told = kasparro("ingest").stdout
    assert "anomalies: 1 info; `kasparro anomalies --run 1` shows them" in told and "not_positive" not in told
    with small_csv.open("a") as more:
        more.write("pepe,PEPE,Pepe,0,,2026-01-03T03:04:05Z\n")
    told = kasparro("ingest").stdout
    assert "anomalies: 1 warning; `kasparro anomalies --run 2` shows them" in told
    assert "warning csv/pepe not_positive: the price is 0, it was 1e-18" in told
    assert "not_positive" in kasparro("anomalies", "--source", "csv", "--open").stdout
    [kept] = json.loads(kasparro("anomalies", "--severity", "info", "--run", "1", "--json").stdout)
    assert kasparro("anomalies", "--run", "99").returncode == ExitCode.USAGE
    assert (kept["kind"], kept["crypto_id"], kept["evidence"]) == ("not_positive", "odd", {"price": 0, "before": None})
    assert json.loads(kasparro("anomalies", "--kind", "jump", "--json").stdout) == []
    assert kasparro("anomalies", "--kind", "odd").returncode == ExitCode.USAGE
    report = json.loads(kasparro("ingest", "--json").stdout)
    assert report["anomalies"] == {"critical": 0, "warning": 0, "info": 0}


def test_reprocess_on_unchanged_parsers_says_that_nothing_changed(kasparro: Run) -> None:
    kasparro("ingest")
    done = kasparro("reprocess", "--source", "csv")
    assert done.returncode == ExitCode.OK, done.stderr
    assert "Nothing changed" in done.stdout


def test_replay_tries_what_was_rejected(kasparro: Run) -> None:
    kasparro("ingest")
    [tried] = json.loads(kasparro("replay", "--source", "csv", "--json").stdout)
    assert tried["counts"] == {"seen": 1, "new": 0, "unchanged": 0, "rejected": 1}


@pytest.mark.parametrize("command", ["status", "runs", "drift", "rejections", "anomalies", "db digest"])
def test_tables_are_there_before_anything_was_ingested(kasparro: Run, command: str) -> None:
    done = kasparro(*command.split())
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", ["status", "runs", "rejections", "anomalies", "drift", "db digest"])
def test_machines_get_json(kasparro: Run, command: str) -> None:
    kasparro("ingest")
    json.loads(kasparro(*command.split(), "--json").stdout)


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"COINGECKO_PLAN": "gold"}, ExitCode.SETTING, "COINGECKO_PLAN='gold'"),
        ({"ETL_SOURCES": "csv,binance"}, ExitCode.SETTING, "ETL_SOURCES='binance'"),
        ({"ETL_BATCH_SIZE": "many"}, ExitCode.SETTING, "ETL_BATCH_SIZE='many'"),
        ({"DATABASE_URL": "mysql://me:s3cret@host/db"}, ExitCode.SETTING, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://me:s3cret@127.0.0.1:1/db"}, ExitCode.DATABASE, "can't be reached"),
        ({"CSV_PATH": "/nowhere/at/all.csv"}, ExitCode.INPUT, "CSV_PATH"),
    ],
)
def test_bad_input_gets_one_clear_line_and_a_code_of_its_kind(
    kasparro: Run, variables: dict[str, str], code: ExitCode, said: str
) -> None:
    done = kasparro("ingest", **variables, LOG_LEVEL="ERROR")
    told = done.stdout + done.stderr
    assert done.returncode == code, told
    assert said in told
    assert "Traceback" not in told
    assert "s3cret" not in told


def test_a_database_that_is_not_there_is_named_without_its_password(kasparro: Run, url: str) -> None:
    done = kasparro("ingest", DATABASE_URL=url.replace("/test_", "/no_such_"))
    assert done.returncode == ExitCode.DATABASE
    assert "does not exist" in done.stderr
    assert "DATABASE_URL" in done.stderr


@pytest.mark.parametrize("arguments", [("receipt", "99"), ("runs", "99"), ("ingest", "--nonsense"), ("nonsense",)])
def test_asking_for_what_is_not_there_is_a_usage_error(kasparro: Run, arguments: tuple[str, ...]) -> None:
    done = kasparro(*arguments)
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stderr


def test_an_unreachable_provider_leaves_the_others_alone(kasparro: Run) -> None:
    done = kasparro(
        "ingest", "--json", ETL_SOURCES="csv,coinpaprika", COINPAPRIKA_BASE_URL="http://127.0.0.1:9/v1",
        ETL_TIME_BUDGET="1",
    )  # fmt: skip
    assert done.returncode == ExitCode.PARTIAL, done.stderr
    steps = {step["source"]: step for step in json.loads(done.stdout)["steps"]}
    assert steps["csv"]["new"] == 2
    assert steps["coinpaprika"]["status"] == "failed"
    assert "can't be reached" in steps["coinpaprika"]["error"]
    assert "make demo" in steps["coinpaprika"]["remedy"]


def test_a_run_stopped_on_purpose_goes_on_from_the_last_page(kasparro: Run) -> None:
    stopped = kasparro("ingest", "--json", ETL_FAIL_AFTER_N_RECORDS="2", ETL_BATCH_SIZE="1")
    assert stopped.returncode != ExitCode.OK
    assert json.loads(stopped.stdout)["steps"][0]["seen"] == 2
    going_on = json.loads(kasparro("ingest", "--json", ETL_BATCH_SIZE="1").stdout)
    assert going_on["steps"][0]["seen"] == 1


def test_logs_are_json_with_run_and_source_and_never_a_key(kasparro: Run) -> None:
    done = kasparro("ingest", LOG_FORMAT="json", COINGECKO_API_KEY="CG-verysecret")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"run_started", "step_started", "step_ended", "run_ended"} <= {event["event"] for event in events}
    assert all("run_id" in event for event in events)
    assert all(event["source"] == "csv" for event in events if event["event"].startswith("step_"))
    assert "verysecret" not in done.stderr


def test_the_embedded_server_is_started_used_and_stopped(kasparro: Run, tmp_path: Path) -> None:
    done = kasparro("ingest", DATABASE_URL=None)
    assert done.returncode == ExitCode.OK, done.stderr
    assert kasparro("db", "stop", DATABASE_URL=None).stdout.strip() == "not running"
    shown = kasparro("db", "shell", "-c", "SELECT price_usd FROM cleaned_data ORDER BY 1", DATABASE_URL=None)
    assert re.search(r"0\.000000000000000001\b", shown.stdout), shown.stderr
    assert {entry.name for entry in (tmp_path / "home").iterdir()} == {"postgres"}


def test_doctor_says_what_to_fix(kasparro: Run) -> None:
    done = kasparro("doctor", "--json", CSV_PATH="/nowhere.csv")
    found = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == ExitCode.FAILED
    assert found["database"]["ok"]
    assert not found["csv"]["ok"]
    assert "CSV_PATH" in found["csv"]["remedy"]
    assert kasparro("doctor").returncode == ExitCode.OK


def test_the_embedded_server_listens_on_loopback_only_when_asked(kasparro: Run) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shown = kasparro("db", "url", DATABASE_URL=None, KASPARRO_DB_PORT=str(port)).stdout.strip()
    assert f"127.0.0.1:{port}" in shown
    assert "127.0.0.1" not in kasparro("db", "url", DATABASE_URL=None).stdout
