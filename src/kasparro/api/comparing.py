"""What is odd about two runs side by side: beside each other, and what each of them was the first to find."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from kasparro.api.anomalies import AnomalySeverity
from kasparro.store.anomalies import KeptAnomaly
from kasparro.store.runs import Run, Step

FEWER = 0.9
"""Of the records of the first run, from which on fewer are told."""


class Odd(BaseModel):
    """Something that deserves a look: a difference of the two runs, or an anomaly of one of them."""

    source: str = Field(description="The source")
    reason: str = Field(
        description="A `kind` of `/anomalies`, or no_part or failed_since", examples=["fewer_records"]
    )  # fmt: skip
    severity: AnomalySeverity = Field(description="How much it matters, as in `/anomalies`")
    detail: str = Field(description="What differs, or what is odd")
    run_id: int | None = Field(description="The run whose anomaly it is; null for a difference of the two")
    anomaly_id: int | None = Field(description="Its number in `/anomalies`; null for a difference of the two")
    crypto_id: str | None = Field(description="The coin that it concerns; null where it's the source's step")


def odd(base: Run, other: Run, kept: Iterable[KeptAnomaly]) -> list[dict[str, Any]]:
    """The differences of the two that are odd, then what is `kept` of either."""
    found = [
        _entry(before.source, *told)
        for before in base.steps
        for told in _differences(before, next((s for s in other.steps if s.source == before.source), None))
    ]
    return found + [
        _entry(a.source, a.kind, a.severity, a.reason)
        | {"run_id": a.run_id, "anomaly_id": a.anomaly_id, "crypto_id": a.crypto_id}
        for a in kept
    ]


def _differences(before: Step, after: Step | None) -> Iterable[tuple[str, str, str]]:
    """Plain comparisons of two steps; what is odd beside all that came before is told by the anomalies of a run."""
    if after is None:
        yield "no_part", "info", "it took part in the first run only"
        return
    if before.status == "success" and after.status not in ("success", "running"):
        yield "failed_since", "warning", f"{after.status}, {before.status} before"
    if before.seen and after.seen < before.seen * FEWER and after.status != "running":
        severity = "critical" if after.seen < before.seen / 2 else "warning"
        yield "fewer_records", severity, f"{after.seen:,} records, {before.seen:,} before"
    if after.rejected > before.rejected:
        share = after.rejected / max(after.seen, 1)
        severity = "critical" if share >= 0.5 else "warning" if share >= 0.01 else "info"
        yield "more_rejected", severity, f"{after.rejected:,} rejected, {before.rejected:,} before"


def _entry(source: str, reason: str, severity: str, detail: str) -> dict[str, Any]:
    return {"source": source, "reason": reason, "severity": severity, "detail": detail, "run_id": None,
            "anomaly_id": None, "crypto_id": None}  # fmt: skip
