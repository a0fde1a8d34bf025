"""Two Spark processes, as on AWS each job has its own: one for jobs that end, and one for the streaming job.

The first is kept warm and runs one script after another. The streaming job has no end, and would keep all
others waiting; its process is started for it, and ended when there is no such job any more.
"""

from workflows.local.glue.runs import JobRun
from workflows.local.spark.runner import SparkRunner
from workflows.local.spark.state import SparkState

IDLE_SECONDS = 90.0  # longer than the schedule of the streaming job takes to start it again


class SparkRunners:
    """The `Runner` of the local Glue, which can be held as a whole."""

    def __init__(self, ending: SparkRunner, streaming: SparkRunner) -> None:
        self._ending = ending
        self._streaming = streaming
        self.both = (ending, streaming)

    def launch(self, run: JobRun) -> None:
        """Run a script after those launched before it, in the process of its kind."""
        (self._streaming if run.job.is_streaming else self._ending).launch(run)

    def kill(self, run_id: str) -> None:
        """End a run, queued or running. A process that does not have it ignores this."""
        for runner in self.both:
            runner.kill(run_id)

    def hold(self) -> None:
        """Start no new work. `is_quiet` becomes true when what has begun has ended."""
        for runner in self.both:
            runner.hold()

    def release(self) -> None:
        """Start new work again."""
        for runner in self.both:
            runner.release()

    @property
    def is_quiet(self) -> bool:
        """Held, and nothing that has begun is left."""
        return all(runner.is_quiet for runner in self.both)

    @property
    def finishing(self) -> str | None:
        """While held: a job that a deployment waits for."""
        return next((runner.finishing for runner in self.both if runner.finishing), None)

    def states(self) -> dict[str, SparkState]:
        """The state of each process."""
        return {"spark": self._ending.state, "streaming": self._streaming.state}
