"""Starts runs of Glue jobs and waits for them; waits for all work that is open at one moment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError
from jobs.intake.queue import announce_backlog
from workflows.progress.waiting import WaitTimeout, open_batches, patience_seconds, poll_seconds
from workflows.stack.logs import where_logs_are

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflows.stack.target import Target

# The jobs of workflows, which read or write tables.
JOBS: Final = ("check", "merge", "maintain", "reconcile", "certify")
_FAILED: Final = ("FAILED", "ERROR", "TIMEOUT", "EXPIRED")
_ACTIVE: Final = ("STARTING", "RUNNING", "STOPPING", "WAITING")


class JobFailed(GluelineError):
    """Raised when a job could not be started or did not succeed; the message has Glue's reason."""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """The open batches and the active job runs."""

    batches: frozenset[str]
    runs: frozenset[str]

    def __and__(self, later: OpenWork) -> OpenWork:
        return OpenWork(self.batches & later.batches, self.runs & later.runs)

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
    """Run a job to its end; the id of the run. Waits while another run of the job is active.

    Raises JobFailed.

    `follow` is called with the id and state of the run, at every look.
    """
    glue, job = target.client("glue"), job_name(target, job)
    run = _start(target, glue, job, arguments)
    follow(run, "STARTING")
    while (state := _newest_attempt(glue, job, run))["JobRunState"] in _ACTIVE:
        follow(run, state["JobRunState"])
        time.sleep(poll_seconds(target) / 4)
    if state["JobRunState"] != "SUCCEEDED":
        raise JobFailed(
            f"The job {job} ended {state['JobRunState']}: {state.get('ErrorMessage', 'no reason given')}. "
            f"Run id: {state['Id']}. Logs: {where_logs_are(target)}."
        )
    return run


def await_open_work(target: Target, report: Callable[[str], None]) -> None:
    """Return when all batches that are open now are closed and all job runs that are active now have ended.

    Work that begins meanwhile is not waited for, so this returns even if work never stops. Raises
    WaitTimeout.
    """
    left = open_work(target)
    if left.batches and not left.runs:  # no run works on them: its start was refused, or it failed
        announce_backlog(target.client("events"), target.output("BacklogRule"), len(left.batches))
    patience = patience_seconds(target)
    before, deadline = left, time.monotonic() + patience
    while left:
        report(f"waiting for {left}")
        if left != before:
            before, deadline = left, time.monotonic() + patience
        elif time.monotonic() > deadline:
            raise WaitTimeout(
                f"No progress for {patience} s. Still under way: {left}. Find out why ingest does not finish "
                f"(logs: {where_logs_are(target)}), then run this again: it continues where it stopped."
            )
        time.sleep(poll_seconds(target) / 2)
        left = left & open_work(target)


def failed_jobs(target: Target) -> dict[str, str]:
    """The error of each job of workflows whose newest run did not succeed, by job."""
    found = {job: _runs(target.client("glue"), job_name(target, job))[:1] for job in JOBS}
    return {
        job: str(run.get("ErrorMessage") or run["JobRunState"])
        for job, runs in found.items()
        for run in runs
        if run["JobRunState"] in _FAILED
    }


def job_name(target: Target, job: str) -> str:
    """The name that a job of Glueline has in the account of the stack."""
    return f"{target.output('JobPrefix')}{job}"


def open_work(target: Target) -> OpenWork:
    """The work that is under way now."""
    glue = target.client("glue")
    # Runs are listed after batches, so that the run that opens a batch in between is found.
    batches = frozenset(open_batches(target))
    runs = frozenset(
        run["Id"]
        for job in JOBS
        for run in _runs(glue, job_name(target, job))
        if run["JobRunState"] in _ACTIVE
    )
    return OpenWork(batches, runs)


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
    """The newest attempt of a run: Glue retries a failed job under another id."""
    attempts = [one for one in _runs(glue, job) if one["Id"].partition("_attempt_")[0] == run]
    return max(attempts, key=lambda one: one.get("Attempt", 0))


def _runs(glue: Any, job: str) -> list[Any]:
    """The latest runs of a job; none if there is no such job."""
    try:
        runs: list[Any] = glue.get_job_runs(JobName=job, MaxResults=20)["JobRuns"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        return []
    return runs
