"""One run of a `kasparro` command in a process of its own, which tells at its end what it has cost.

`python -m bench.one_run FILE ARGUMENT...` runs `kasparro ARGUMENT...` and writes the cost to FILE as JSON:
wall seconds after start-up (the imports), CPU seconds of the whole process, and its largest resident size.
"""

import resource
import sys
import time
from pathlib import Path

import msgspec

# Commands import the client when they need it; here that is part of start-up, like all imports.
import kasparro.sources.client  # noqa: F401
from kasparro.cli.main import app


class Cost(msgspec.Struct):
    """What a run has cost. Only our own process counts: PostgreSQL's and the sandbox's are others."""

    wall: float
    cpu: float
    peak_mb: float


def _peak_mb() -> float:
    # Not getrusage's ru_maxrss: it starts with what the process was forked from.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _main(file: Path, arguments: list[str]) -> int:
    began = time.perf_counter()
    code = 0
    try:
        app(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    file.write_bytes(msgspec.json.encode(Cost(wall, used.ru_utime + used.ru_stime, _peak_mb())))
    return code


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
