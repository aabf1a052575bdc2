"""One start of the `postgres` program."""

import os
import signal
import subprocess
from pathlib import Path

from kasparro.postgres import pidfile, settings, sockets
from kasparro.postgres.errors import ServerError, explain
from kasparro.postgres.files import open_private
from kasparro.postgres.folder import Folder
from kasparro.postgres.launch import plan

LOG_LIMIT = 16 * 1024 * 1024
ORPHANS = "pre-existing shared memory block"

# Servers that this process started and that may outlive its use of them, kept to be reaped.
_children: list[subprocess.Popen[bytes]] = []


def reap() -> None:
    """Take note of servers that we started and that others have stopped since."""
    _children[:] = [child for child in _children if child.poll() is None]


class Attempt:
    """A `postgres` that we started, until it answers or gives up."""

    def __init__(self, folder: Folder, bin_dir: Path, tcp_port: int | None) -> None:
        """Starts it. Only called with the gate held and no server living.

        It gets a session of its own, so that neither Ctrl-C nor a closed terminal ends it, and no
        descriptor but its log.
        """
        self._folder = folder
        settings.write_access_rules(folder)
        self._socket_dir = sockets.make(folder)
        pidfile.disown(folder.data)
        port = tcp_port or sockets.PORT
        argv = [str(bin_dir / "postgres"), "-D", str(folder.data)]
        argv += settings.options(folder, self._socket_dir, port, listen=tcp_port is not None)
        launch = plan(folder.account, argv, folder.path)
        log = _open_log(folder)
        try:
            self._log_start = os.fstat(log).st_size
            self._process = subprocess.Popen(
                launch.argv,
                user=launch.user,
                group=launch.group,
                extra_groups=launch.extra_groups,
                env=launch.env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        _children.append(self._process)

    @property
    def ended(self) -> bool:
        """Whether it gave up."""
        return self._process.poll() is not None

    @property
    def blocked_by_orphans(self) -> bool:
        """Whether it gave up because backends of a killed server still live; they end by themselves."""
        return ORPHANS in self._said()

    def error(self) -> ServerError:
        """Why it gave up, from what it wrote into the log."""
        sockets.remove(self._folder, self._socket_dir)
        return explain(self._said(), data_dir=self._folder.data, log=str(self._folder.log))

    def abort(self) -> None:
        """End it, cleanly, and wait for that."""
        if not self.ended:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        sockets.remove(self._folder, self._socket_dir)

    def _said(self) -> str:
        with self._folder.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read(1024 * 1024).decode(errors="replace")


def _open_log(folder: Folder) -> int:
    if folder.log.exists() and folder.log.stat().st_size > LOG_LIMIT:
        folder.log.replace(folder.log.with_suffix(".log.old"))
    return open_private(folder.log, os.O_RDWR | os.O_APPEND, folder.owner)
