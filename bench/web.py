"""Servers to measure, as processes of their own, and wrk, which loads them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

WRK = shutil.which("wrk")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m) *$", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)$", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


class Load(msgspec.Struct, frozen=True):
    """What wrk saw: answers a second, latencies in ms, and how many answers were none."""

    rate: float
    p50: float
    p99: float
    failed: int


def load(url: str, *, connections: int = 64, seconds: float = 2, script: Path | None = None,
         headers: Sequence[str] = ()) -> Load:  # fmt: skip
    """Load `url` from one thread."""
    assert WRK is not None
    command = [WRK, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "--latency"]
    command += ["-s", str(script)] if script else []
    for header in headers:
        command += ["-H", header]
    printed = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = _RATE.search(printed)
    assert rate is not None, printed
    assert _LATENCY.search(printed), printed
    at = {percent: float(value) * _UNITS[unit] for percent, value, unit in _LATENCY.findall(printed)}
    refused, broken = _REFUSED.search(printed), _BROKEN.search(printed)
    failed = (int(refused[1]) if refused else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(rate[1]), at["50"], at["99"], failed)


@contextmanager
def serving(arguments: Sequence[str], settings: Mapping[str, str], path: str) -> Iterator[tuple[str, float]]:
    """A server as a process: the root of its addresses, and the seconds until `path` first gave 200."""
    port = free_port()
    environment = {**os.environ, "LOG_LEVEL": "WARNING", "API_RATE_LIMIT": "off", **settings, "API_PORT": str(port)}
    root = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        while not _answers(root + path):
            assert process.poll() is None, f"{arguments} ended with {process.returncode}"
            assert time.perf_counter() - began < 60, f"{arguments} doesn't answer"
            threading.Event().wait(0.01)
        yield root, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
