"""How a Spark process is started, and where its scripts and logs are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflows.local.glue.runs import JobRun


@dataclass(frozen=True, slots=True)
class SparkLayout:
    """How to start the process, where the scripts are and where logs go."""

    command: Sequence[str]
    environment: Mapping[str, str]
    code: Path  # working directory of the process: packages in it are imported before all others
    jobs: Path
    logs: Path
    name: str = "spark"  # of the process, and of its log

    @property
    def process_log(self) -> Path:
        """The log of Spark itself."""
        return self.logs / f"{self.name}.log"

    def job_log(self, run: JobRun) -> Path:
        """The output of the script of one run."""
        return self.logs / "jobs" / run.job.name / f"{run.id}.log"

    def script(self, run: JobRun) -> Path:
        """The deployed copy of the script that the job definition names in S3."""
        return self.jobs / Path(run.job.script).name
