"""dlt beside us: 20,000 CoinGecko records merged into the same PostgreSQL, in the same run.

Both start from decoded records: ours from Quotes, dlt from what the standard library makes of the same payload,
with its tables made before and its numbers as floats. It keeps all fields of a record, as ours does in the
payload. The second pair of figures adds to ours alone what comes before: decode, check, hash, compress.
Its environment is made at `bench/.dlt-venv` from the
pinned `requirements-dlt.txt`.
"""

import os
import subprocess
import venv
from pathlib import Path

import msgspec

from bench.figure import Figure, at_least, not_measured, told
from bench.ledger_load import LARGE, Loading
from bench.ledgers import Ledgers
from bench.rounds import Seconds, ratio, take_turns, typical
from bench.sweeps import COINS, two_sweeps

NAME = "dlt"
_HERE = Path(__file__).parent
_VENV = _HERE / ".dlt-venv"
_PYTHON = _VENV / "bin" / "python"
_DONE = _VENV / "installed.txt"
_REQUIREMENTS = _HERE / "requirements-dlt.txt"
_FLOOR = 10.0


def measure(ledgers: Ledgers, folder: Path) -> list[Figure]:
    """How many times faster than dlt's merge we are, with new rows and with unchanged ones."""
    try:
        _install()
    except (OSError, subprocess.CalledProcessError) as error:
        why = f"dlt can't be installed here: {error}"
        return [not_measured(NAME, what, f">= {_FLOOR:g}", why) for what in ("new rows", "unchanged rows again")]
    folder.mkdir()
    records = folder / "records.json"
    records.write_bytes(two_sweeps()[0].payloads(COINS)[0].body)
    turns = iter(range(100))

    def theirs() -> dict[str, float]:
        with ledgers.fresh() as name:
            return _run(ledgers.tcp_url(name), records, folder / str(next(turns)))

    measured = take_turns([Loading(ledgers, folder / "ours").first(LARGE[0]), theirs], rounds=2)
    figures = []
    for what, peer in (("new rows", "first"), ("unchanged rows again", "again")):
        faster = ratio(measured, f"{peer} {LARGE[0]}", peer)
        figures.append(at_least(NAME, f"{COINS:,} {what}", faster, _FLOOR, "x dlt", _speed(measured, peer)))
    for what, ours, peer in (("new rows", "parsed", "first"), ("unchanged rows again", "parsed again", "again")):
        whole = ratio(measured, f"{ours} {LARGE[0]}", peer)
        figures.append(told(NAME, f"{COINS:,} {what}, ours from the payload's bytes", whole, "x dlt"))
    return figures


def _speed(measured: Seconds, name: str) -> str:
    return f"dlt {COINS / typical(measured, name):,.0f} rows/s"


def _run(url: str, records: Path, folder: Path) -> dict[str, float]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DLT_DATA_DIR": str(folder),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DESTINATION__POSTGRES__CREDENTIALS": url,
    }
    folder.mkdir()
    ran = subprocess.run(
        [str(part) for part in (_PYTHON, _HERE / "dlt_pipeline.py", records, folder)],
        env=environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        raise RuntimeError(f"dlt failed: {ran.stderr[-2000:]}")
    return msgspec.json.decode(ran.stdout, type=dict[str, float])


def _install() -> None:
    """Make dlt's environment, unless it is there as pinned. Raises OSError and CalledProcessError."""
    wanted = _REQUIREMENTS.read_text()
    if _DONE.exists() and _DONE.read_text() == wanted:
        return
    venv.create(_VENV, with_pip=True, clear=True)
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(_REQUIREMENTS)]
    subprocess.run(pip, check=True, capture_output=True)
    _DONE.write_text(wanted)
