"""`kasparro up`, `down` and `logs` as processes."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys

import pytest

from kasparro.errors import ExitCode
from kasparro.postgres import sharing
from tests.cli.up.conftest import PATIENCE_S, House
from tests.ingest.commands import until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes through /proc")


def test_in_the_background_it_serves_has_ingested_and_is_ended(house: House) -> None:
    done = house.run("up", "--background")
    assert done.returncode == ExitCode.OK, done.stderr
    assert re.search(r"csv +success +3 +2 +0 +1", done.stdout)
    assert f"http://127.0.0.1:{house.port}/docs" in done.stdout
    assert house.status_of("/health") == 200
    key_file = house.home / "api-key"
    assert f"cat {key_file}" in done.stdout
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key = key_file.read_text().strip()
    assert key not in done.stdout + done.stderr + (house.home / "kasparro.log").read_text()
    [kept] = json.loads(house.run("key", "list", "--json").stdout)
    assert (kept["scope"], kept["key_id"]) == ("admin", key.split("_")[1])

    again = house.run("up", "--background")
    assert again.returncode == ExitCode.OK
    assert "already running" in again.stderr
    assert f"http://127.0.0.1:{house.port}" in again.stdout
    [run] = house.runs()
    assert (run["status"], run["asked_by"]) == ("success", "schedule")
    assert "run_ended" in house.run("logs").stdout

    assert house.run("down").stdout.strip() == "stopped"
    assert house.status_of("/health") == 0
    assert [house.children(name) for name in ("up", "serve", "worker")] == [[], [], []]
    assert sharing.status(house.home) is None
    assert house.run("down").stdout.strip() == "not running"


def test_in_the_background_it_tells_what_is_odd_about_the_first_run(house: House) -> None:
    odd = house.folder / "odd.csv"
    odd.write_text(
        "id,symbol,name,price_usd,market_cap,circulating_supply,last_updated\n"
        "odd,ODD,Odd,2,5000,100,2026-11-01T00:00:00Z\nfree,FREE,Free,0,,,2026-11-01T00:00:00Z\n"
    )
    done = house.run("up", "--background", CSV_PATH=str(odd))
    assert done.returncode == ExitCode.OK, done.stderr
    assert "anomalies: 1 warning, 1 info; `kasparro anomalies --run 1` shows them" in done.stdout
    assert "warning csv/odd market_cap_mismatch: the market cap is 5000" in done.stdout


def test_started_again_at_once_it_makes_no_second_run_and_no_second_key(house: House) -> None:
    assert house.run("up", "--background").returncode == ExitCode.OK
    key = (house.home / "api-key").read_text()
    assert house.run("down").returncode == ExitCode.OK
    assert house.run("up", "--background").returncode == ExitCode.OK
    assert len(house.runs()) == 1
    assert (house.home / "api-key").read_text() == key
    assert len(json.loads(house.run("key", "list", "--json").stdout)) == 1


def test_with_a_key_of_the_environment_none_is_made_and_without_a_schedule_one_run(house: House) -> None:
    with house.start("up", ETL_SCHEDULE="off", API_ADMIN_KEY="a" * 32) as up:
        house.until_healthy()
        until(lambda: [run["status"] for run in house.runs()] == ["success"])
        assert house.runs()[0]["asked_by"] == "command"
        assert not (house.home / "api-key").exists()
        up.send_signal(signal.SIGTERM)
        out, err = up.communicate(timeout=PATIENCE_S)
    assert (up.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert sharing.status(house.home) is None
    with house.start("up", ETL_SCHEDULE="off", API_ADMIN_KEY="a" * 32) as up:
        house.until_healthy()
        assert len(house.runs()) == 1
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=PATIENCE_S)
    assert up.returncode == 0


def test_a_busy_port_is_named_with_who_holds_it_before_anything_is_started(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", house.port))
        taken.listen()
        for arguments in (("up", "--background"), ("up",)):
            done = house.run(*arguments)
            assert done.returncode == ExitCode.SETTING
            assert f"port {house.port} is in use by process {os.getpid()} (" in done.stderr
            assert "API_PORT" in done.stderr
    assert not (house.home / "postgres").exists()


def test_what_dies_is_started_again(house: House) -> None:
    assert house.run("up", "--background").returncode == ExitCode.OK
    [worker] = house.children("worker")
    os.kill(worker, signal.SIGKILL)
    until(lambda: house.children("worker") not in ([], [worker]))
    server = sharing.status(house.home)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: (now := sharing.status(house.home)) is not None and now.pid != server.pid and now.answering)
    house.until_healthy()
    for serving in house.children("serve"):
        os.kill(serving, signal.SIGKILL)
    until(lambda: house.status_of("/health") == 0)
    house.until_healthy()


def test_killed_itself_it_takes_its_children_along(house: House) -> None:
    assert house.run("up", "--background").returncode == ExitCode.OK
    [up] = house.children("up")
    os.kill(up, signal.SIGKILL)
    until(lambda: not house.children("serve") and not house.children("worker"))
    assert house.run("up", "--background").returncode == ExitCode.OK
    assert house.status_of("/health") == 200


def test_a_stale_pid_file_kills_no_stranger(house: House) -> None:
    house.home.mkdir()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as stranger:
        (house.home / "up.pid").write_text(f"{stranger.pid}\n")
        assert house.run("down").stdout.strip() == "not running"
        assert stranger.poll() is None
        stranger.communicate()
    assert stranger.returncode == 0


def test_what_ends_in_the_background_shows_its_last_words(house: House) -> None:
    done = house.run("up", "--background", DATABASE_URL="postgresql://me:s3cret@127.0.0.1:1/db")
    assert done.returncode == ExitCode.DATABASE
    assert "can't be reached" in done.stderr
    assert "kasparro logs" in done.stderr
    assert "s3cret" not in done.stderr + (house.home / "kasparro.log").read_text()
    assert house.run("logs").stdout.count("can't be reached") == 1


def test_logs_that_never_were_are_a_usage_error(house: House) -> None:
    assert house.run("logs").returncode == ExitCode.USAGE


def test_the_demonstration_lives_in_a_home_of_its_own_and_marks_its_data(house: House) -> None:
    done = house.run("up", "--background", "--demo", ETL_SOURCES="")
    assert done.returncode == ExitCode.OK, done.stderr
    for source in ("coingecko", "coinpaprika"):
        assert re.search(rf"{source} \(simulated\) +success", done.stdout)
    assert (house.folder / "home-demo" / "postgres").is_dir()
    assert not house.home.exists()
    assert len(house.children("sandbox")) == 1
    assert house.status_of("/health") == 200
    assert house.run("down", "--demo").stdout.strip() == "stopped"
    assert house.children("sandbox") == []
