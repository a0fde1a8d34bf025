"""`glueline parity`: compare, wait until what is in flight is merged, check again, and read the certificates.

The jobs `reconcile` and `certify` do the work. This module starts them, and waits between them: a job that
waited would hold a cluster, and on one machine the Spark that has to merge. With `repair`, it also waits
until the repairs are merged, and certifies again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from expectations.problems import GluelineError
from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.objects import ParityObjects
from workflows.progress import job_runs
from workflows.progress.job_runs import JobFailed
from workflows.progress.waiting import open_batches, patience_seconds, poll_seconds
from workflows.stack.logs import where_logs_are

if TYPE_CHECKING:
    from workflows.stack.target import Target

# From a write to its object in the RAW bucket. On AWS it is the default of the job.
_LOCAL_SETTLE_SECONDS: Final = 5
_AWS_SETTLE_SECONDS: Final = 300
_LOCAL_READ_UNITS: Final = 1_000_000
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class ParityError(GluelineError):
    """Raised when there is no certificate: a job failed, or changes stay in flight."""


@dataclass(frozen=True, slots=True)
class Report:
    """The newest certificate of a dataset, and the one before it, if that led to a repair."""

    certificate: Certificate
    repaired_after: Certificate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: those of the certificate, and `repaired_after` with those of the one before."""
        before = self.repaired_after
        return self.certificate.to_dict() | {"repaired_after": None if before is None else before.to_dict()}


@dataclass(slots=True)
class ParityProgress:
    """How far `parity` has come, which is printed when it is interrupted."""

    report: Callable[[str], None]  # a line about what happens
    certified: list[str] = field(default_factory=list)  # datasets
    repaired: list[str] = field(default_factory=list)
    run: str | None = None  # the job run that is not finished

    def __str__(self) -> str:
        certified, repaired = ", ".join(self.certified) or "none", ", ".join(self.repaired)
        repairs = f" Repairs of {repaired} are in the RAW bucket and will be merged." if repaired else ""
        run = f"The job run {self.run} continues." if self.run else "No job run of it is active."
        next_time = "The same command compares again and continues to the certificates."
        return f"Certificates of: {certified}.{repairs} {run} {next_time}"


def parity(
    target: "Target", datasets: Sequence[str], progress: ParityProgress, *, repair: bool
) -> list[Report]:
    """A certificate of each dataset; with `repair`, a second one of each that was repaired.

    Raises ParityError if a job fails, or if changes stay in flight.
    """
    first = certify(target, datasets, progress, repair=repair)
    healed: dict[str, Certificate] = {}
    drifted = [dataset for dataset, certificate in first.items() if certificate.repaired]
    if drifted:
        progress.repaired += drifted
        progress.report(
            f"repairs of {', '.join(drifted)} are in the RAW bucket; waiting until they are merged"
        )
        healed = certify(target, drifted, progress, repair=False)
    return [
        Report(healed.get(dataset, certificate), certificate if dataset in healed else None)
        for dataset, certificate in first.items()
    ]


def certify(
    target: "Target", datasets: Sequence[str], progress: ParityProgress, *, repair: bool
) -> dict[str, Certificate]:
    """Compare the datasets, and check mismatches again until each dataset has its certificate.

    Raises ParityError.
    """
    objects = ParityObjects(target.client("s3"), target.output("LakeBucket"))
    since = datetime.now(UTC) - _CLOCKS_DIFFER
    arguments = _arguments(target, datasets)
    progress.report(f"comparing {', '.join(datasets)} with DynamoDB")
    run = _run_job(target, "reconcile", arguments, progress)
    left = _open_comparisons(objects, datasets, run)
    deadline, before = time.monotonic() + patience_seconds(target), None
    while left:
        progress.report(_not_explained(left))
        _wait_to_settle(target, left)
        _run_job(target, "certify", arguments | {"--REPAIR": str(repair).lower()}, progress)
        left = _open_comparisons(objects, datasets, run)
        state = [(one.dataset, one.in_flight) for one in left]
        if state != before:
            before, deadline = state, time.monotonic() + patience_seconds(target)
        elif time.monotonic() > deadline:
            raise ParityError(
                f"{_not_explained(left)}; nothing has changed for {patience_seconds(target)} s. Find out why "
                f"ingest makes no progress (logs: {where_logs_are(target)}), then run this again."
            )
    issued = {dataset: _issued(objects, dataset, since, run) for dataset in datasets}
    progress.certified = list(dict.fromkeys([*progress.certified, *issued]))
    return issued


def _run_job(target: "Target", job: str, arguments: Mapping[str, str], progress: ParityProgress) -> str:
    """Run a job to its end; returns the id of its run. Raises ParityError."""

    def follow(run: str, _state: str) -> None:
        progress.run = run

    try:
        run = job_runs.run_job(target, job, arguments, follow)
    except JobFailed as error:
        raise ParityError(f"{error} No table was changed.") from error
    progress.run = None
    return run


def _arguments(target: "Target", datasets: Sequence[str]) -> dict[str, str]:
    arguments = {"--DATASET": datasets[0]} if len(datasets) == 1 else {}
    if target.endpoint_url is not None:
        arguments |= {
            "--SETTLE_SECONDS": str(_LOCAL_SETTLE_SECONDS),
            "--READ_UNITS_PER_SECOND": str(_LOCAL_READ_UNITS),
        }
    return arguments


def _open_comparisons(objects: ParityObjects, datasets: Sequence[str], run: str) -> list[Comparison]:
    """The comparisons of that run that have no certificate yet."""
    found = (one for dataset in datasets for one in objects.list_open(dataset))
    return [one for one in found if _is_of(one.run_id, run)]


def _is_of(run_id: str, run: str) -> bool:
    """Whether the id is that of the run or of a later attempt of it."""
    return run_id.partition("_attempt_")[0] == run


def _issued(objects: ParityObjects, dataset: str, since: datetime, run: str) -> Certificate:
    found = [one for one in objects.issued(dataset, since) if _is_of(one.run_id, run)]
    if not found:
        raise ParityError(
            f"Expected a certificate of {dataset} in s3://{objects.bucket}/parity/{dataset}/, found none of "
            f"the run {run}: it was removed. Run this again."
        )
    return found[-1]


def _not_explained(comparisons: Sequence[Comparison]) -> str:
    parts = (
        f"{one.dataset}: {one.in_flight or one.counts.mismatches} keys that differed are not explained yet"
        for one in comparisons
    )
    return "; ".join(parts) + "; waiting until what was in flight is merged"


def _wait_to_settle(target: "Target", comparisons: Sequence[Comparison]) -> None:
    """Return when the mismatches have landed, and the batches that are open then are merged.

    It returns earlier if batches stay open for a quarter of the patience. `certify` finds out itself whether
    it was too early.
    """
    settle = _AWS_SETTLE_SECONDS if target.endpoint_url is None else _LOCAL_SETTLE_SECONDS
    latest = max(one.scanned_until for one in comparisons)
    seconds = (latest + timedelta(seconds=settle) - datetime.now(UTC)).total_seconds()
    time.sleep(max(seconds, poll_seconds(target)))
    opened = open_batches(target)
    deadline = time.monotonic() + patience_seconds(target) / 4
    while opened & open_batches(target) and time.monotonic() < deadline:
        time.sleep(poll_seconds(target))
