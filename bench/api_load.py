"""The API under load, against a bare FastAPI route of static bytes on the same server.

One worker each, the rate limit off, wrk on the same machine: what counts are the ratios. The ledgers have 10,000
coins, and 10 thousand and KASPARRO_BENCH_QUOTES (10 million) quotes.
"""

import http.client
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from bench.figure import Figure, at_least, at_most, below, not_measured, told
from bench.large_ledger import fill
from bench.ledgers import Ledgers
from bench.web import WRK, Load, load, serving

NAME = "api"
_COINS = 10_000
_ROUNDS = 5
_CACHED = "/data?limit=100"
_UNCACHED = """
local n = {base}
request = function()
  n = n + 1
  return wrk.format("GET", "{path}&min_price=" .. string.format("0.%016.0f", n))
end
"""


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """Throughput, latency, behaviour with many connections, the price of the limiter, the cold start."""
    if WRK is None:
        return [not_measured(NAME, "everything", "", "wrk isn't installed (Debian's package wrk)")]
    folder.mkdir()
    quotes = int(os.environ.get("KASPARRO_BENCH_QUOTES", "10000000"))
    with ledgers.fresh() as small, ledgers.fresh() as large, ExitStack() as stack:
        fill(ledgers.url(small), coins=_COINS, quotes=_COINS)
        fill(ledgers.url(large), coins=_COINS, quotes=quotes)
        serve = ["kasparro", "serve"]

        def start(name: str, **more: str) -> str:
            settings = {"DATABASE_URL": ledgers.url(name), "KASPARRO_HOME": str(folder / "home"), **more}
            return stack.enter_context(serving(serve, settings, "/health"))[0]

        roots = {"10 thousand quotes": start(small), f"{quotes:,} quotes": start(large)}
        limited = start(small, API_RATE_LIMIT="1000000/second")
        body = folder / "static.json"
        body.write_bytes(_get(roots["10 thousand quotes"] + _CACHED)[0])
        static = stack.enter_context(
            serving(["bench.static_app", str(body)], {"KASPARRO_HOME": str(folder / "home")}, "/static")
        )[0]
        return [
            *_throughput(folder, roots, static, limited),
            *_crowds(folder, next(iter(roots.values()))),
            *_alone(next(iter(roots.values()))),
            *_cold(folder),
        ]


def _throughput(folder: Path, roots: dict[str, str], static: str, limited: str) -> list[Figure]:
    turns: dict[str, Callable[[], Load]] = {"static": lambda: load(static + "/static")}
    for size, root in roots.items():
        turns |= {f"{what}, {size}": turn for what, turn in _kinds(folder, root).items()}
    turns["cached, limiter on"] = lambda: load(limited + _CACHED)
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(_ROUNDS + 1):
        for name, turn in turns.items():
            found = turn()
            assert not found.failed, (name, found)
            if number:
                rates[name].append(found.rate)
    of_static = {
        name: median(a / b for a, b in zip(found, rates["static"], strict=True)) for name, found in rates.items()
    }
    small, large = roots
    floors = {"cached": 1.8, "304": 2.5, "uncached": 0.1, "stats": 1.5}
    figures = [told(NAME, "static route, answers a second", median(rates["static"]), "1/s", "the unit")]
    for what in _kinds(folder, ""):
        for size in roots:
            name = f"{what}, {size}"
            note = f"{median(rates[name]):,.0f} answers/s"
            floor = floors.get(what.partition(",")[0])
            figure = at_least(NAME, name, of_static[name], floor, "x static", note) if floor else None
            figures.append(figure or told(NAME, name, of_static[name], "x static", note))
        ratio = median(a / b for a, b in zip(rates[f"{what}, {large}"], rates[f"{what}, {small}"], strict=True))
        figures.append(at_least(NAME, f"{what}: many quotes against few", ratio, 0.8, "x"))
    price = 1 - of_static["cached, limiter on"] / of_static[f"cached, {small}"]
    figures.append(told(NAME, "price of the rate limit, cached", price * 100, "%", "of the answers a second"))
    return figures


def _kinds(folder: Path, root: str) -> dict[str, Callable[[], Load]]:
    def etag() -> str:
        return _get(root + _CACHED)[1]["ETag"]

    def deep() -> str:
        page = json.loads(_get(f"{root}/data?limit=10&page=900&sort_by=market_cap_usd")[0])
        return f"/data?limit=10&cursor={page['next_cursor']}"

    return {
        "cached": lambda: load(root + _CACHED),
        "304": lambda: load(root + _CACHED, headers=[f"If-None-Match: {etag()}"]),
        "stats": lambda: load(root + "/stats"),
        "uncached": lambda: load(root, script=_script(folder, _CACHED)),
        "uncached, page 1,000 by offset": lambda: load(root, script=_script(folder, "/data?limit=10&offset=9000")),
        "uncached, deep by cursor": lambda: load(root, script=_script(folder, deep())),
    }


def _crowds(folder: Path, root: str) -> list[Figure]:
    figures = []
    kinds: dict[str, Callable[[int], Load]] = {
        "cached": lambda connections: load(root + _CACHED, connections=connections, seconds=4),
        "uncached": lambda connections: load(root, connections=connections, seconds=4, script=_script(folder, _CACHED)),
    }
    for what, turn in kinds.items():
        found = {connections: [turn(connections) for _ in range(3)] for connections in (8, 64, 512)}
        failed = sum(one.failed for loads in found.values() for one in loads)
        figures.append(at_most(NAME, f"{what}: answers that failed, 8 to 512 connections", failed, 0, "answers"))
        kept = median(one.rate for one in found[512]) / median(one.rate for one in found[64])
        figures.append(at_least(NAME, f"{what}: 512 connections against 64", kept, 0.8, "x"))
        spread = median(one.p99 / one.p50 for one in found[512])
        note = f"p50 {median(one.p50 for one in found[512]):.0f} ms"
        figures.append(at_most(NAME, f"{what}: p99 against p50, 512 connections", spread, 3, "x", note))
    return figures


def _alone(root: str) -> list[Figure]:
    host = urlsplit(root).netloc
    figures = []
    for what, path in (("cached", _CACHED), ("uncached", _CACHED + "&min_price=0.{}")):
        connection = http.client.HTTPConnection(host)
        took = []
        for number in range(300):
            began = time.perf_counter()
            connection.request("GET", path.format(f"{number + 1:06}"))
            connection.getresponse().read()
            took.append((time.perf_counter() - began) * 1000)
        connection.close()
        figures.append(below(NAME, f"one request alone, {what}", median(took), 5, "ms"))
    return figures


def _cold(folder: Path) -> list[Figure]:
    settings = {"KASPARRO_HOME": str(folder / "cold")}
    took = []
    for _ in range(4):
        with serving(["kasparro", "serve"], settings, "/health") as (_, seconds):
            took.append(seconds)
    # The first one makes the database.
    note = f"with the embedded PostgreSQL; {took[0]:.1f} s with a new database"
    return [below(NAME, "cold start of `kasparro serve` to the first 200", median(took[1:]), 2, "s", note)]


def _script(folder: Path, path: str) -> Path:
    """A script for wrk whose every request has another filter, and no two scripts the same ones."""
    script = folder / f"{time.monotonic_ns()}.lua"
    script.write_text(_UNCACHED.format(base=time.monotonic_ns() // 1000 % 10**13, path=path))
    return script


def _get(url: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(Request(url), timeout=30) as answer:
        return answer.read(), {name.title().replace("Etag", "ETag"): value for name, value in answer.headers.items()}
