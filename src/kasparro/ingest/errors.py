"""What can end a run or a step beside what sources and the store report."""

from collections.abc import Sequence

from kasparro.errors import ExitCode, Fatal, Retriable


class SourcesBusy(Retriable):
    """Another run is working on every source that was asked for."""

    exit_code = ExitCode.BUSY

    def __init__(self, holders: Sequence[str]) -> None:
        super().__init__(
            f"already being ingested: {', '.join(holders)}",
            remedy="Wait for that run to end (`kasparro status` shows it), then run this again",
        )


class RunTaken(Retriable):
    """The waiting run that was to be worked off waits no more."""

    exit_code = ExitCode.BUSY

    def __init__(self, run_id: int) -> None:
        super().__init__(f"run {run_id} was begun by another worker", remedy="Nothing to do: it runs there")


class InjectedFailure(Fatal):
    """ETL_FAIL_AFTER_N_RECORDS was reached."""

    exit_code = ExitCode.FAILED

    def __init__(self, records: int) -> None:
        super().__init__(
            f"stopped on purpose after {records} records (ETL_FAIL_AFTER_N_RECORDS)",
            remedy="Unset it and run again: the run goes on from the last committed page",
        )
