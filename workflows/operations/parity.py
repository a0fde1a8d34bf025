"""`glueline parity`: compare, wait until what was in flight is merged, look again, and read the certificates.

The jobs `reconcile` and `certify` do the work; this starts them, waits between them (a job that waited would
hold a cluster, and on one machine the very Spark that has to merge), and repairs if it is asked to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError
from jobs.parity.certificates import Certificate, Comparison, ParityObjects
from workflows.progress.waiting import open_batches, patience_seconds, poll_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflows.stack.target import Target

_LOCAL_SETTLE_SECONDS: Final = (
    5  # from a write to its object in the RAW bucket; on AWS the job's own default holds
)
_AWS_SETTLE_SECONDS: Final = 300
_LOCAL_READ_UNITS: Final = 1_000_000
_ACTIVE: Final = ("STARTING", "RUNNING", "STOPPING", "WAITING")
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class ParityError(GluelineError):
    """Raised when no certificate could be had: which job failed and why, or what is in flight."""


@dataclass(frozen=True, slots=True)
class Report:
    """The newest certificate of a dataset, and the one before it, if that led to a repair."""

    certificate: Certificate
    repaired_after: Certificate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the certificate's, and `repaired_after`, the one before."""
        before = self.repaired_after
        return self.certificate.to_dict() | {"repaired_after": None if before is None else before.to_dict()}


@dataclass(slots=True)
class Course:
    """How far `parity` has come, for whoever has to be told when it is interrupted."""

    tell: Callable[[str], None]
    certified: list[str] = field(default_factory=list)  # datasets
    repaired: list[str] = field(default_factory=list)
    run: str | None = None  # the job run that is under way

    def __str__(self) -> str:
        certified, repaired = ", ".join(self.certified) or "none", ", ".join(self.repaired)
        repairs = f" Repairs of {repaired} are in the RAW bucket and will be merged." if repaired else ""
        run = f"The job run {self.run} goes on by itself." if self.run else "No job run of it is under way."
        next_time = "The same command compares again and goes on to the certificates."
        return f"Certificates of: {certified}.{repairs} {run} {next_time}"


def parity(target: Target, datasets: Sequence[str], course: Course, *, repair: bool) -> list[Report]:
    """A certificate of each dataset; with `repair`, of each that drifted another one after the repair.

    Raises ParityError if a job fails, or if something stays in flight.
    """
    first = certify(target, datasets, course, repair=repair)
    healed: dict[str, Certificate] = {}
    drifted = [dataset for dataset, certificate in first.items() if certificate.repaired]
    if drifted:
        course.repaired += drifted
        course.tell(f"repairs of {', '.join(drifted)} are in the RAW bucket; waiting until they are merged")
        healed = certify(target, drifted, course, repair=False)
    return [
        Report(healed.get(dataset, certificate), certificate if dataset in healed else None)
        for dataset, certificate in first.items()
    ]


def certify(
    target: Target, datasets: Sequence[str], course: Course, *, repair: bool
) -> dict[str, Certificate]:
    """Compare the datasets, and look again until all have their certificate of that comparison."""
    objects = ParityObjects(target.client("s3"), target.output("LakeBucket"))
    since = datetime.now(UTC) - _CLOCKS_DIFFER
    arguments = _arguments(target, datasets)
    course.tell(f"comparing {', '.join(datasets)} with DynamoDB")
    run = run_job(target, "reconcile", arguments, course)
    waiting = _waiting(objects, datasets, run)
    deadline, before = time.monotonic() + patience_seconds(target), None
    while waiting:
        course.tell(_what_waits(waiting))
        _wait_to_settle(target, waiting)
        run_job(target, "certify", arguments | {"--REPAIR": str(repair).lower()}, course)
        waiting = _waiting(objects, datasets, run)
        state = [(one.dataset, one.in_flight) for one in waiting]
        if state != before:
            before, deadline = state, time.monotonic() + patience_seconds(target)
        elif time.monotonic() > deadline:
            raise ParityError(
                f"{_what_waits(waiting)}; nothing has moved for {patience_seconds(target)} s. See why ingest "
                "does not get through (glueline status names the logs), then run this again."
            )
    issued = {dataset: _issued(objects, dataset, since, run) for dataset in datasets}
    course.certified = list(dict.fromkeys([*course.certified, *issued]))
    return issued


def run_job(target: Target, job: str, arguments: Mapping[str, str], course: Course) -> str:
    """Run a job to its end; its run id. Waits for its turn where a run of others is in the way."""
    glue = target.client("glue")
    deadline = time.monotonic() + patience_seconds(target)
    while True:
        try:
            run: str = glue.start_job_run(JobName=job, Arguments=dict(arguments))["JobRunId"]
            break
        except ClientError as error:
            is_busy = error.response["Error"]["Code"] == "ConcurrentRunsExceededException"
            if not is_busy or time.monotonic() > deadline:
                raise ParityError(f"The job {job} could not be started: {error}") from error
            time.sleep(poll_seconds(target))
    course.run = run
    while (state := _newest_attempt(glue, job, run))["JobRunState"] in _ACTIVE:
        time.sleep(poll_seconds(target) / 4)
    if state["JobRunState"] != "SUCCEEDED":
        raise ParityError(
            f"The job {job} ended {state['JobRunState']}: {state.get('ErrorMessage', 'no reason given')}. "
            f"Its run is {state['Id']}; glueline status names the folder of its log. No table was changed."
        )
    course.run = None
    return run


def _newest_attempt(glue: Any, job: str, run: str) -> Any:
    """The newest of the run's attempts: a job that failed is tried once more under another id."""
    attempts = [
        one
        for one in glue.get_job_runs(JobName=job, MaxResults=20)["JobRuns"]
        if one["Id"].partition("_attempt_")[0] == run
    ]
    return max(attempts, key=lambda one: one.get("Attempt", 0))


def _arguments(target: Target, datasets: Sequence[str]) -> dict[str, str]:
    arguments = {"--DATASET": datasets[0]} if len(datasets) == 1 else {}
    if target.endpoint_url is not None:
        arguments |= {
            "--SETTLE_SECONDS": str(_LOCAL_SETTLE_SECONDS),
            "--READ_UNITS_PER_SECOND": str(_LOCAL_READ_UNITS),
        }
    return arguments


def _waiting(objects: ParityObjects, datasets: Sequence[str], run: str) -> list[Comparison]:
    """The comparisons of that run that have no certificate yet."""
    found = (one for dataset in datasets for one in objects.waiting(dataset))
    return [one for one in found if _is_of(one.run_id, run)]


def _is_of(run_id: str, run: str) -> bool:
    return run_id.partition("_attempt_")[0] == run


def _issued(objects: ParityObjects, dataset: str, since: datetime, run: str) -> Certificate:
    found = [one for one in objects.issued(dataset, since) if _is_of(one.run_id, run)]
    if not found:
        raise ParityError(
            f"Expected a certificate of {dataset} in s3://{objects.bucket}/parity/{dataset}/, found none of "
            f"the run {run}: someone removed it. Run this again."
        )
    return found[-1]


def _what_waits(waiting: Sequence[Comparison]) -> str:
    parts = (
        f"{one.dataset}: {one.in_flight or one.suspects} keys that differed are not explained yet"
        for one in waiting
    )
    return "; ".join(parts) + "; waiting until what was in flight is merged"


def _wait_to_settle(target: Target, waiting: Sequence[Comparison]) -> None:
    """Return when the suspects have landed, and what is open then is merged or has had time for it.

    A guess at when it is worth looking again; `certify` knows whether it was too early.
    """
    settle = _AWS_SETTLE_SECONDS if target.endpoint_url is None else _LOCAL_SETTLE_SECONDS
    latest = max(datetime.fromisoformat(one.scanned_until) for one in waiting)
    seconds = (latest + timedelta(seconds=settle) - datetime.now(UTC)).total_seconds()
    time.sleep(max(seconds, poll_seconds(target)))
    opened = open_batches(target)
    deadline = time.monotonic() + patience_seconds(target) / 4
    while opened & open_batches(target) and time.monotonic() < deadline:
        time.sleep(poll_seconds(target))
