"""Processes that don't outlive the one that began them."""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(number: int, parent: int) -> None:
    """Have the kernel send this process the signal `number` when its parent `parent` dies, also of a SIGKILL.

    Only Linux can; elsewhere whoever kills the one has to end the other too.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
