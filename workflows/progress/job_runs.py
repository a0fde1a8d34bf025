"""Runs of Glue jobs, started and awaited; and waiting until all that was under way at a moment is done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError
from jobs.intake.queue import announce_backlog
from workflows.progress.waiting import NotThroughInTime, open_batches, patience_seconds, poll_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.stack.target import Target

JOBS: Final = ("check", "merge", "maintain", "reconcile", "certify")  # that read or write tables on their own
_ACTIVE: Final = ("STARTING", "RUNNING", "STOPPING", "WAITING")


class JobFailed(GluelineError):
    """Raised when a job could not be started or did not succeed; says what Glue says."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Batches that are open and job runs that have not ended."""

    batches: frozenset[str]
    runs: frozenset[str]

    def __and__(self, later: UnderWay) -> UnderWay:
        return UnderWay(self.batches & later.batches, self.runs & later.runs)

    def __bool__(self) -> bool:
        return bool(self.batches or self.runs)

    def __str__(self) -> str:
        return f"{len(self.batches)} open batches and {len(self.runs)} job runs"


def run_job(
    target: Target,
    job: str,
    arguments: Mapping[str, str],
    follow: Callable[[str, str], None] = lambda run, state: None,
) -> str:
    """Run a job to its end, waiting for its turn where another run of it is in the way; its run's id.

    `follow` is told the run's id and state, again and again.
    """
    glue = target.client("glue")
    run = _start(target, glue, job, arguments)
    follow(run, "STARTING")
    while (state := _newest_attempt(glue, job, run))["JobRunState"] in _ACTIVE:
        follow(run, state["JobRunState"])
        time.sleep(poll_seconds(target) / 4)
    if state["JobRunState"] != "SUCCEEDED":
        raise JobFailed(
            f"The job {job} ended {state['JobRunState']}: {state.get('ErrorMessage', 'no reason given')}. "
            f"Its run is {state['Id']}; glueline status names the folder of its log."
        )
    return run


def let_finish(target: Target, tell: Callable[[str], None]) -> None:
    """Return when the batches that are open now are closed, and the job runs of now have ended.

    What begins meanwhile is not waited for, so this ends under constant work too. Raises NotThroughInTime.
    """
    left = under_way(target)
    if left.batches and not left.runs:  # nobody works on them: a start was refused, or a run has failed
        announce_backlog(target.client("events"), target.output("BacklogRule"), len(left.batches))
    patience = patience_seconds(target)
    before, deadline = left, time.monotonic() + patience
    while left:
        tell(f"waiting for {left}")
        if left != before:
            before, deadline = left, time.monotonic() + patience
        elif time.monotonic() > deadline:
            raise NotThroughInTime(
                f"Nothing has moved for {patience} s; still under way: {left}. See why ingest does not get "
                "through (glueline status names the logs), then run this again: it goes on where it stopped."
            )
        time.sleep(poll_seconds(target) / 2)
        left = left & under_way(target)


def under_way(target: Target) -> UnderWay:
    """What is under way now."""
    glue = target.client("glue")
    # Runs after batches: a run that has just opened a batch is seen, if not its batch.
    batches = frozenset(open_batches(target))
    runs = frozenset(run["Id"] for job in JOBS for run in _runs(glue, job) if run["JobRunState"] in _ACTIVE)
    return UnderWay(batches, runs)


def _start(target: Target, glue: Any, job: str, arguments: Mapping[str, str]) -> str:
    deadline = time.monotonic() + patience_seconds(target)
    while True:
        try:
            started: str = glue.start_job_run(JobName=job, Arguments=dict(arguments))["JobRunId"]
            return started
        except ClientError as error:
            is_busy = error.response["Error"]["Code"] == "ConcurrentRunsExceededException"
            if not is_busy or time.monotonic() > deadline:
                raise JobFailed(f"The job {job} could not be started: {error}") from error
            time.sleep(poll_seconds(target))


def _newest_attempt(glue: Any, job: str, run: str) -> Any:
    """The newest of the run's attempts: a job that failed is tried once more under another id."""
    attempts = [one for one in _runs(glue, job) if one["Id"].partition("_attempt_")[0] == run]
    return max(attempts, key=lambda one: one.get("Attempt", 0))


def _runs(glue: Any, job: str) -> list[Any]:
    """The latest runs of a job; none of one that there is not."""
    try:
        runs: list[Any] = glue.get_job_runs(JobName=job, MaxResults=20)["JobRuns"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        return []
    return runs
