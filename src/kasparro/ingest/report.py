"""The report: what a run did, as values that the closing table and `--json` are made from."""

from collections.abc import Sequence

import msgspec

from kasparro.errors import ExitCode
from kasparro.ingest.settle import Settled
from kasparro.store.page import Counts
from kasparro.store.runs import Run
from kasparro.store.runs import Step as KeptStep


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one source's step did. `seconds` is its wall time, `phases` the time spent per phase."""

    source: str
    status: str
    counts: Counts = Counts()
    requests: int = 0
    retries: int = 0
    duplicates: int = 0
    seconds: float = 0.0
    phases: dict[str, float] = {}
    error: str | None = None
    remedy: str | None = None
    notes: Sequence[str] = ()
    simulated: bool = False
    exit_code: ExitCode = ExitCode.OK


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did. `busy` names sources that were left out because another run held them; `settled` is what
    followed its steps."""

    run_id: int
    status: str
    steps: Sequence[StepReport]
    busy: Sequence[str] = ()
    settled: Settled = Settled()

    @property
    def exit_code(self) -> ExitCode:
        """0 for success, PARTIAL for partial; for failed what all the steps failed of, else FAILED."""
        if self.status == "success":
            return ExitCode.OK
        if self.status == "partial":
            return ExitCode.PARTIAL
        codes = {step.exit_code for step in self.steps}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILED


def run_status(steps: Sequence[StepReport], busy: Sequence[str] = ()) -> str:
    """success when every step is, failed when none is, else partial."""
    good = [step for step in steps if step.status == "success"]
    if not good:
        return "failed"
    return "success" if len(good) == len(steps) and not busy else "partial"


def report_of(run: Run) -> RunReport:
    """The report of a run from the ledger, which another process worked on."""
    return RunReport(run_id=run.run_id, status=run.status, steps=[_step_report(step) for step in run.steps])


def _step_report(step: KeptStep) -> StepReport:
    return StepReport(
        source=step.source,
        status=step.status,
        counts=Counts(step.seen, step.new, step.unchanged, step.rejected),
        requests=step.requests,
        retries=step.retries,
        duplicates=step.duplicates,
        seconds=step.seconds.get("total", 0.0),
        phases={name: seconds for name, seconds in step.seconds.items() if name != "total"},
        error=step.error,
        remedy=step.remedy,
        notes=step.notes,
        simulated=step.simulated,
        exit_code=ExitCode.OK if step.status == "success" else ExitCode.FAILED,
    )
