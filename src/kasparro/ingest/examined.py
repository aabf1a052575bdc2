"""What an examination told: how much is odd about a run, and the worst of it."""

from collections.abc import Mapping, Sequence

import msgspec

from kasparro.market.anomaly.anomaly import Severity
from kasparro.store.anomalies import KeptAnomaly, count_by_severity, list_anomalies
from kasparro.store.connection import Connection

WORST = 3
"""Anomalies of a run that are told at once."""
_LOOKED_THROUGH = 500


class Told(msgspec.Struct, frozen=True):
    """One anomaly as a line: of a source's step, or of the coin `crypto_id` there."""

    source: str
    crypto_id: str | None
    kind: str
    severity: str
    reason: str


class Examined(msgspec.Struct, frozen=True):
    """What is odd about a run: how many anomalies it was the first to find, by severity and by kind, the `worst` of
    them, and how many that were known already it found `again`."""

    by_severity: Mapping[str, int] = {}
    by_kind: Mapping[str, int] = {}
    worst: Sequence[Told] = ()
    again: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """severity -> how many, the worst first, those of which there are none too."""
        return {str(severity): self.by_severity.get(severity, 0) for severity in reversed(Severity)}


async def recall_examined(connection: Connection, run_id: int) -> Examined:
    """What the examination of a run told that another process worked on; nothing where there was none."""
    kept = await list_anomalies(connection, run_id=run_id, worst_first=True, limit=_LOOKED_THROUGH)
    firsts: dict[tuple[str, str], KeptAnomaly] = {}
    for one in kept:
        firsts.setdefault((one.source, one.kind), one)
    told = [Told(one.source, one.crypto_id, one.kind, one.severity, one.reason) for one in firsts.values()]
    return Examined(by_severity=await count_by_severity(connection, run_id), worst=told[:WORST])
