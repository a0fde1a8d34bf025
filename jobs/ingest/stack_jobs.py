"""What the job `follow` asks Glue: whether its run is outdated, and which other jobs of its stack run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import boto3
from awsglue.utils import getResolvedOptions
from botocore.config import Config

_ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
_NEWEST = 10  # runs of a job that are looked at; a job has one active run at most


@dataclass(frozen=True, slots=True)
class StackJobs:
    """The jobs of a stack, as one run of one of them sees them."""

    glue: Any
    job: str  # the name of the run's job: <stack>-follow
    started: datetime  # when the run was started, by Glue's clock

    @classmethod
    def of_run(cls, argv: Sequence[str]) -> Self:
        """As the run that Glue started with these arguments sees them."""
        options = getResolvedOptions(list(argv), ["JOB_NAME"])
        job, run_id = options["JOB_NAME"], options["JOB_RUN_ID"]
        glue = boto3.client("glue", config=Config(retries={"mode": "standard", "max_attempts": 6}))
        run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        return cls(glue, job, run["StartedOn"])

    def is_outdated(self) -> bool:
        """Whether the job was deployed again, or deleted, since the run was started.

        A run has the code, contracts and arguments of its start. A deployment of other code changes the job,
        because the address of its script names the code.
        """
        try:
            job = self.glue.get_job(JobName=self.job)["Job"]
        except self.glue.exceptions.EntityNotFoundException:
            return True
        return bool(job["LastModifiedOn"] > self.started)

    def is_any_active(self, *jobs: str) -> bool:
        """Whether one of these jobs of the stack has a run that has not ended."""
        return any(run["JobRunState"] in _ACTIVE for job in jobs for run in self._newest_runs(job))

    def _newest_runs(self, job: str) -> list[Any]:
        name = f"{self.job.rpartition('-')[0]}-{job}"
        try:
            runs: list[Any] = self.glue.get_job_runs(JobName=name, MaxResults=_NEWEST)["JobRuns"]
        except self.glue.exceptions.EntityNotFoundException:
            return []
        return runs
