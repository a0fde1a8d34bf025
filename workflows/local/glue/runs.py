"""Runs of jobs and workflows, and the commands that the state machine gives for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from workflows.local.glue.definitions import Batching, Job

ACTIVE_STATES: Final = ("STARTING", "RUNNING")


@dataclass(slots=True)
class JobRun:
    """One attempt of a job. A start that was refused has FAILED or ERROR, without having run."""

    id: str
    job: Job
    given: Mapping[str, str]
    timeout_minutes: int
    started_on: float
    workflow_run: "WorkflowRun | None" = None
    trigger: str | None = None
    attempt: int = 0
    previous: str | None = None
    state: str = "STARTING"
    running_since: float | None = None
    ended_on: float | None = None
    message: str = ""

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def continues_a_run(self) -> bool:
        """Whether a script of the same workflow run has begun before."""
        others = self.workflow_run.job_runs if self.workflow_run else ()
        return any(run.running_since is not None for run in others if run is not self)

    @property
    def times_out_at(self) -> float | None:
        """When the run times out. Time counts from the start of the script; the wait for Spark does not."""
        if self.state != "RUNNING" or self.running_since is None:
            return None
        return self.running_since + 60 * self.timeout_minutes

    def arguments(self) -> dict[str, str]:
        """All arguments of the script: the job's, the run's, and those that Glue adds."""
        added = {"--JOB_NAME": self.job.name, "--JOB_RUN_ID": self.id}
        if self.workflow_run is not None:
            added |= {
                "--WORKFLOW_NAME": self.workflow_run.workflow,
                "--WORKFLOW_RUN_ID": self.workflow_run.id,
            }
        return {**self.job.arguments(self.given), **added}

    def retry(self, job: Job, now: float) -> "JobRun":
        """The next attempt, with the job as it is defined now; Glue numbers attempts in the id."""
        first_id = self.id.partition("_attempt_")[0]
        return replace(
            self,
            id=f"{first_id}_attempt_{self.attempt + 1}",
            job=job,
            started_on=now,
            attempt=self.attempt + 1,
            previous=self.id,
            state="STARTING",
            running_since=None,
            ended_on=None,
            message="",
        )


@dataclass(slots=True)
class WorkflowRun:
    """One run of a workflow's graph. ERROR is a start that was refused: no job of it ran."""

    id: str
    workflow: str
    properties: dict[str, str]
    started_on: float
    batch: Batching | None = None
    status: str = "RUNNING"
    ended_on: float | None = None
    message: str = ""
    fired: set[str] = field(default_factory=set)
    job_runs: list[JobRun] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        return self.status == "RUNNING"

    def ended(self) -> dict[str, str]:
        """The final state of each job that has ended; a job that is being retried has not ended."""
        latest = {run.job.name: run for run in self.job_runs}
        return {name: run.state for name, run in latest.items() if not run.is_active}

    def end(self, status: str, now: float) -> None:
        """Close the run. On AWS the status is COMPLETED even if jobs failed."""
        self.status = status
        self.ended_on = now


@dataclass(frozen=True, slots=True)
class Launch:
    """Run this script with `run.arguments()`, and report when it starts and ends."""

    run: JobRun


@dataclass(frozen=True, slots=True)
class Kill:
    """End this run, queued or running; its state is final already."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell EventBridge that this run has ended; its state is final."""

    run: JobRun


@dataclass(frozen=True, slots=True)
class LogLine:
    """Write this line to the emulator's log."""

    text: str


type Command = Launch | Kill | Announce | LogLine
