"""Putting Ctrl-C off for an instant."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def put_off() -> Iterator[None]:
    """Let what SIGINT and SIGTERM would raise be raised at the end of the block.

    For the start of a process: an exception out of `Popen` leaves one that nobody knows. Blocking the
    signals instead would hand the blocked set down to that process. Outside of the main thread
    nothing is raised anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    replaced = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in replaced:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)
