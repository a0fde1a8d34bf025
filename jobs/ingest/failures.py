"""The failures of a run: what each batch failed with, and the error that the run ends with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from expectations.contract import Contract
from expectations.problems import GluelineError
from jobs.intake.attempts import Attempts

_MOST_NAMED = 5  # failures in the error of a run


class RunFailed(GluelineError):
    """Raised at the end of a run in which something failed; the message has each failure and what to do."""


class NoContract(GluelineError):
    """Raised when a batch has files of a dataset whose contract was removed."""


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """The failure of one batch, mostly of one dataset of it; of no batch if draining the queue failed."""

    error: str
    batch_id: str | None = None
    datasets: tuple[str, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)
    is_aside: bool = False  # this was its last attempt

    def __str__(self) -> str:
        if self.batch_id is None:
            return f"intake: {self.error}"
        state = "set aside" if self.is_aside else str(self.attempts)
        batch = f"batch {self.batch_id}, {state}" if state else f"batch {self.batch_id}"
        return f"{', '.join(self.datasets) or 'messages'} ({batch}): {self.error}"


def raise_failures(job: str, failures: Sequence[BatchFailure]) -> None:
    """Raise RunFailed if there are failures. To be called when everything else is done."""
    if not failures:
        return
    names = sorted({name for failure in failures for name in failure.datasets})
    what = f"{', '.join(names)} failed" if names else "failed"
    listed = "; ".join(map(str, failures[:_MOST_NAMED]))
    more = f"; and {len(failures) - _MOST_NAMED} more" if len(failures) > _MOST_NAMED else ""
    aside = [failure.batch_id for failure in failures if failure.is_aside]
    advice = "Later runs try again. See glueline batches list"
    if aside:
        advice = f"Fix the cause, then glueline batches retry {aside[0]} (glueline batches list has all)"
    raise RunFailed(f"{job}: {what}, everything else is done. {listed}{more}. {advice}")


def contract_of(contracts: Mapping[str, Contract], dataset: str) -> Contract:
    """The dataset's contract. Raises NoContract."""
    if dataset not in contracts:
        raise NoContract(
            f"expected a contract of dataset {dataset}, got none: it was removed after files had landed; "
            "deploy it again"
        )
    return contracts[dataset]
