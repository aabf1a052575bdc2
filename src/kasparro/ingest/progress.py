"""Progress: what a run tells while it works."""

from typing import Protocol

from kasparro.store.page import Counts


class Progress(Protocol):
    """Someone who wants to know how a run goes."""

    def planned(self, source: str, stream: str, pages: int) -> None:
        """`pages` requests of `stream` are ahead; more may follow from their answers."""

    def committed(self, source: str, stream: str, counts: Counts) -> None:
        """One page of `stream` is in the ledger, with these counts."""

    def ended(self, source: str, status: str) -> None:
        """The step of `source` is over."""


class Quiet:
    """Nobody wants to know."""

    def planned(self, source: str, stream: str, pages: int) -> None:
        """Say nothing."""

    def committed(self, source: str, stream: str, counts: Counts) -> None:
        """Say nothing."""

    def ended(self, source: str, status: str) -> None:
        """Say nothing."""
