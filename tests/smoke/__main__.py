"""`python -m tests.smoke`: take a new installation through its life; the first promise that does not hold ends it."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from tests.smoke.installation import Broken, Installation, Market, scratch, simulated_market, until

BEGIN, LATER = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
HANGS = "coingecko:/coins/markets?page=3 slow=300"


def main() -> int:
    """Tell the story; 1 when it breaks."""
    began = time.monotonic()
    try:
        with scratch() as folder, simulated_market(folder, BEGIN.removesuffix("Z")) as market:
            _story(folder, market)
    except (Broken, subprocess.TimeoutExpired, httpx2.HTTPError) as broken:
        print(f"BROKEN: {str(broken) or repr(broken)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    print(f"all well, {time.monotonic() - began:.0f} s")
    return 0


def _story(folder: Path, market: Market) -> None:
    house = Installation(folder, market.environment)
    try:
        with _step("up: install, migrate, ingest from the simulated providers, serve"):
            house.command("up", "--background")
        with _step("API: health, data, figures, and a receipt that leads to the very bytes"):
            _check_api(house)
        with _step("a run killed with -9 between its pages is closed, and the next one goes on"):
            first, second = _kill_and_resume(house, market)
        with _step("nothing lost, nothing twice: the same ledger as without the kill"):
            _check_nothing_twice(house, folder, market, first, second)
        with _step("rate limit: refused exactly when the allowance is used up"):
            _check_rate_limit(house)
    finally:
        with _step("down: nothing is left"):
            house.close()
            until(lambda: not house.left_behind(), "all processes have ended")


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{what} ...", end=" ", flush=True)
    try:
        yield
    except BaseException:
        print("no", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def _expect(truth: object, what: str) -> None:
    if not truth:
        raise Broken(what)


def _check_api(house: Installation) -> None:
    health = house.told("/health")
    _expect(health["database"] == "connected", f"/health: {health}")
    _expect(health["last_etl_run"]["success"], f"the first run: {health['last_etl_run']}")
    row = house.told("/data/bitcoin?source=coingecko")
    _expect(row["crypto_id"] == "bitcoin" and row["price_usd"] > 0, f"/data/bitcoin is {row}")
    totals = {source: house.told(f"/data?source={source}&limit=1")["total"] for source in ("coingecko", "coinpaprika")}
    _expect(totals == {"coingecko": 1000, "coinpaprika": 2000}, f"/data has {totals}")
    receipt = house.told(f"/quotes/{row['id']}/receipt")
    payload = house.ask(receipt["payload"])
    _expect(hashlib.sha256(payload.content).hexdigest() == receipt["sha256"], "these bytes have another SHA-256")
    _expect(b"bitcoin" in payload.content, "the receipt's bytes don't tell of the coin")
    _expect("kasparro_source_quotes" in house.ask("/metrics").text, "/metrics says nothing of the data")


def _kill_and_resume(house: Installation, market: Market) -> tuple[dict[str, Any], dict[str, Any]]:
    """The run that was killed and the one after it, in which the market is an hour on."""
    market.move(LATER)
    market.fault(HANGS)
    number = house.start_run()
    until(partial(_two_pages_of_three, house, number), "two pages of the third are committed")
    worker = next(run["pid"] for run in house.json("runs") if run["run_id"] == number)
    os.kill(worker, signal.SIGKILL)
    market.mend()
    killed = house.ended_run(number)
    _expect(killed["status"] == "interrupted", f"the killed run is {killed['status']}")
    resumed = house.ended_run(house.start_run())
    _expect(resumed["status"] == "success", f"the run after the kill: {resumed}")
    return killed, resumed


def _two_pages_of_three(house: Installation, number: int) -> bool:
    steps = {step["source"]: step for step in house.told(f"/runs/{number}")["steps"]}
    others = all(step["ended_at"] for name, step in steps.items() if name != "coingecko")
    return others and steps.get("coingecko", {"seen": 0})["seen"] == 500


def _check_nothing_twice(
    house: Installation, folder: Path, market: Market, killed: dict[str, Any], resumed: dict[str, Any]
) -> None:
    before, after = ({step["source"]: step for step in run["steps"]} for run in (killed, resumed))
    _expect(after["coingecko"]["seen"] == 500, f"not gone on with, but begun anew: {after['coingecko']}")
    _expect(before["coinpaprika"]["new"] > 0 == after["coinpaprika"]["new"], f"came twice: {after['coinpaprika']}")
    undisturbed = Installation(folder / "undisturbed", market.environment)
    undisturbed.folder.mkdir()
    for moment in (BEGIN, LATER):
        market.move(moment)
        undisturbed.command("ingest")
    _expect(undisturbed.json("db", "digest") == house.json("db", "digest"), "the ledgers' digests differ")


def _check_rate_limit(house: Installation) -> None:
    left = _allowance(house.ask("/data?limit=1"))
    answers = [house.ask(f"/data?limit=1&offset={number}").status_code for number in range(left)]
    _expect(set(answers) == {200}, f"refused too early: {answers.index(429) if 429 in answers else answers}")
    refused = house.ask("/data?limit=1")
    _expect(refused.status_code == 429 and int(refused.headers["retry-after"]) > 0, f"not refused: {refused.text}")
    _expect(house.ask("/health").status_code == 200, "who watches is refused too")


def _allowance(answer: httpx2.Response) -> int:
    parts = dict(part.split("=") for part in answer.headers["ratelimit"].split(";")[1:])
    return int(parts["r"])


if __name__ == "__main__":
    sys.exit(main())
