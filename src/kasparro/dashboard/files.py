"""Files: what the pages need beside themselves, from this package, kept by browsers for ever."""

import gzip
import mimetypes
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

ROOT = "/dashboard/files"
_SENT = (".js", ".mjs", ".css", ".svg")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript"}


class File(NamedTuple):
    """A file as it is sent."""

    media_type: str
    plain: bytes
    packed: bytes


@cache
def all_files() -> dict[str, File]:
    """The files by name: `vendor/…` are those of others."""
    found = {}
    for name, path in _walk(files("kasparro.dashboard") / "static", ""):
        ending = name[name.rfind(".") :]
        if ending in _SENT:
            plain = path.read_bytes()
            media_type = _TYPES.get(ending) or mimetypes.types_map[ending]
            found[name] = File(media_type, plain, gzip.compress(plain, mtime=0))
    return found


@cache
def digest() -> str:
    """One digest of all the files: it is in their addresses, under which they never change, and modules that import
    each other stay together."""
    hashed = blake2b(digest_size=6)
    for name, file in sorted(all_files().items()):
        hashed.update(name.encode() + b"\0" + file.plain + b"\0")
    return hashed.hexdigest()


def file_address(name: str) -> str:
    """Where the file called `name` is. Raises KeyError when there is none."""
    all_files()[name]
    return f"{ROOT}/{digest()}/{name}"


def addresses() -> frozenset[str]:
    """Where all the files are."""
    return frozenset(map(file_address, all_files()))


def _walk(folder: Traversable, before: str) -> list[tuple[str, Traversable]]:
    found = []
    for path in folder.iterdir():
        name = f"{before}{path.name}"
        found += _walk(path, f"{name}/") if path.is_dir() else [(name, path)]
    return found
