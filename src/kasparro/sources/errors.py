"""What can go wrong between a source and us, by consequence."""

from kasparro.errors import Retriable, Skippable


class RequestSkipped(Skippable):
    """This one request can't be had; the stream's other requests may go on."""


class SourceStopped(Retriable):
    """This source is over for this step; the other sources go on, and the next run tries it again."""


class SourceUnreachable(SourceStopped):
    """Nothing answers at the source's address."""


class TryAgain(Retriable):
    """This attempt failed in a way that passes; `wait` is the provider's own hint in seconds, or None."""

    def __init__(self, message: str, *, wait: float | None = None, answered: bool = True) -> None:
        super().__init__(message)
        self.wait = wait
        self.answered = answered
