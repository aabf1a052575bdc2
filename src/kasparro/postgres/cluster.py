"""Making the data directory."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from kasparro.postgres.binaries import major_version
from kasparro.postgres.errors import ServerError, explain
from kasparro.postgres.folder import Folder
from kasparro.postgres.launch import plan
from kasparro.postgres.settings import ROLE

UNFINISHED = "data.unfinished-"
BUILTIN_LOCALE_SINCE = 17


def make_if_missing(folder: Folder, bin_dir: Path) -> None:
    """Make the data directory unless there is one; only called with the gate held.

    `initdb` works on a sibling that gets its name when everything in it is on the disk, so that a
    kill or a power cut leaves a whole data directory or none. `initdb` does that sync itself, file by
    file: 0.1 s, where one of the whole file system would wait for everybody else's writes.

    Raises:
        ServerError: the folder holds something else, or `initdb` failed (a full disk is a DiskFull).
    """
    if (folder.data / "PG_VERSION").exists():
        return
    if folder.data.exists() and any(folder.data.iterdir()):
        raise ServerError(
            f"{folder.data} is not empty, and not a PostgreSQL data directory",
            remedy="Move it away, or set KASPARRO_HOME to another folder.",
        )
    for leftover in folder.path.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = folder.path / f"{UNFINISHED}{secrets.token_hex(4)}"
    fresh.mkdir(mode=0o700)
    try:
        if os.geteuid() != folder.account.uid:
            os.chown(fresh, folder.account.uid, folder.account.gid, follow_symlinks=False)
        _initdb(folder, bin_dir, fresh)
        fresh.rename(folder.data)
        _sync(folder.path)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _initdb(folder: Folder, bin_dir: Path, fresh: Path) -> None:
    argv = [str(bin_dir / "initdb"), "-D", str(fresh), "-U", ROLE, "-E", "UTF8", "--locale=C"]
    argv += ["--no-instructions", "--auth-local=peer", "--auth-host=reject"]
    if major_version(bin_dir) >= BUILTIN_LOCALE_SINCE:
        # Sorts by code point as C does, and knows the upper and lower case of more than ASCII.
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    launch = plan(folder.account, argv, folder.path)
    done = subprocess.run(
        launch.argv,
        user=launch.user,
        group=launch.group,
        extra_groups=launch.extra_groups,
        env=launch.env,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise explain(done.stdout, data_dir=folder.data, log="the message above")


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
