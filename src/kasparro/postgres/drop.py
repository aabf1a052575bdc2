"""Run by root as a program of its own: become an account, keep one capability, run a command.

`python -I drop.py UID GID CAPABILITY PROGRAM ARGUMENT...`

The interpreter may itself lie where only root may enter, so it is loaded as root. The one capability
kept lets the account read and enter what its mode bits forbid (capabilities(7), Linux 4.3 and newer).
SECBIT_NO_SETUID_FIXUP gets it over the change of user, and makes access(2), by which `initdb` looks for
its siblings, heed it; the ambient set gets it over exec.
Imports nothing of this package, which an isolated interpreter may not find.
"""

import ctypes
import os
import signal
import sys

PR_GET_SECUREBITS = 27
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def become(uid: int, gid: int, capability: int) -> None:
    """Change to the user and group, with no other group, and with this one capability."""
    libc = ctypes.CDLL(None, use_errno=True)
    bits = libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) | SECBIT_NO_SETUID_FIXUP
    _check(libc.prctl(PR_SET_SECUREBITS, bits, 0, 0, 0), "PR_SET_SECUREBITS")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _check(libc.capset(header, sets), "capset")
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "PR_CAP_AMBIENT_RAISE")


def main(arguments: list[str]) -> None:
    uid, gid, capability = (int(number) for number in arguments[:3])
    program = arguments[3:]
    become(uid, gid, capability)
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored_by_python, signal.SIG_DFL)
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted: this process becomes the program


if __name__ == "__main__":
    main(sys.argv[1:])
