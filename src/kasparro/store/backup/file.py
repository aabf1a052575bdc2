"""The backup's file: an archive of `pg_dump`, behind it the manifest, and a last line by which both are checked.

`pg_restore` alone reads such a file too: what stands behind its archive doesn't concern it.
"""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from kasparro.errors import ExitCode, Fatal
from kasparro.postgres.dump import DiskFull
from kasparro.store.backup.manifest import FORMAT, Manifest
from kasparro.store.errors import SchemaOutdated
from kasparro.store.schema import HEAD

_ARCHIVE = b"PGDMP"
_END = re.compile(rb"\nKASPARRO BACKUP ([0-9a-f]{64}) (\d{12})\n")
_END_SIZE = 1 + 16 + 64 + 1 + 12 + 1
_CHUNK = 1 << 20


class NoBackup(Fatal):
    """The file is not there, not a backup, cut off or altered."""

    exit_code = ExitCode.INPUT


class Unwritable(Fatal):
    """A file can't be written."""

    exit_code = ExitCode.INPUT


class AlreadyThere(Fatal):
    """The file that should be written exists."""

    exit_code = ExitCode.USAGE


@contextmanager
def typed_write_errors(where: Path) -> Iterator[None]:
    """Let no bare OSError of writing out: raises DiskFull or Unwritable, which name `where`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"no room is left for {where}", remedy="Free some space, or name another folder") from error
        raise Unwritable(
            f"{where} can't be written: {error.strerror or error}", remedy="Name a folder that you may write to"
        ) from error


@contextmanager
def coming_file(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """An empty file beside `target` that gets its name when the block ends well, and is removed when it doesn't.

    Everything in it is on the disk before it has the name. Raises AlreadyThere, DiskFull and Unwritable.
    """
    with typed_write_errors(target):
        if target.exists() and not overwrite:
            raise AlreadyThere(f"{target} exists", remedy="Name another file, or add --overwrite")
        coming = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        # What a ledger holds is its owner's business, and keys are in it, if only as hashes.
        os.close(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield coming
        with typed_write_errors(target):
            with coming.open("rb") as file:
                os.fsync(file.fileno())
            if target.exists() and not overwrite:
                raise AlreadyThere(f"{target} was made meanwhile", remedy="Name another file")
            coming.replace(target)
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            coming.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk, where the system can do that."""
    with suppress(PermissionError):
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def checksum(archive: Path) -> tuple[int, str]:
    """The size and the SHA-256 of a whole file."""
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256


def append_manifest(archive: Path, manifest: Manifest) -> None:
    """Finish a backup. Raises DiskFull and Unwritable."""
    text = msgspec.json.encode(manifest)
    end = b"\nKASPARRO BACKUP %s %012d\n" % (hashlib.sha256(text).hexdigest().encode(), len(text))
    with typed_write_errors(archive), archive.open("ab") as file:
        file.write(text + end)


def read_manifest(path: Path) -> Manifest:
    """What the backup at `path` says of itself. Raises NoBackup, and SchemaOutdated for one of a later version."""
    try:
        with path.open("rb") as file:
            whole = file.seek(0, os.SEEK_END)
            file.seek(0)
            begins = file.read(len(_ARCHIVE))
            file.seek(max(0, whole - _END_SIZE))
            end = _END.fullmatch(file.read())
            if begins != _ARCHIVE:
                raise NoBackup(f"{path} is not a backup", remedy="Name a file that `kasparro backup` made")
            if end is None:
                raise NoBackup(f"{path} is cut off", remedy="Take another backup; this one is not whole")
            size = int(end[2])
            file.seek(max(0, whole - _END_SIZE - size))
            text = file.read(size)
    except OSError as error:
        raise NoBackup(
            f"{path} can't be read: {error.strerror or error}", remedy="Check the path and its permissions"
        ) from None
    if hashlib.sha256(text).hexdigest().encode() != end[1]:
        raise _altered(path)
    manifest = _decoded(path, text)
    if manifest.size != whole - _END_SIZE - size:
        raise _altered(path)
    return manifest


def _decoded(path: Path, text: bytes) -> Manifest:
    made_by = msgspec.json.decode(text)
    if made_by["format"] > FORMAT or made_by["schema"] > HEAD:
        raise SchemaOutdated(
            f"{path} was made by Kasparro {made_by['kasparro']} with schema {made_by['schema']}, newer than this"
            f" version's {HEAD}",
            remedy="Upgrade Kasparro",
        )
    return msgspec.json.decode(text, type=Manifest)


def check_archive(path: Path, manifest: Manifest, tell: Callable[[int, int], None]) -> None:
    """Read all of the archive and compare it with its SHA-256; `tell(done, of)` in bytes. Raises NoBackup."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        left = manifest.size
        while left and (chunk := file.read(min(left, _CHUNK))):
            seen.update(chunk)
            left -= len(chunk)
            tell(manifest.size - left, manifest.size)
    if seen.hexdigest() != manifest.sha256:
        raise _altered(path)


def _altered(path: Path) -> NoBackup:
    return NoBackup(f"{path} was altered since it was made", remedy="Use another backup; this one can't be trusted")
