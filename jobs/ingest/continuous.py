"""When the job `follow` makes a round, when it waits, and when its run is over.

The decisions are apart from the rounds (`jobs.ingest.rounds`) and ask a clock, so that a test makes rounds
without waiting.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from jobs.ingest.context import IngestContext
from jobs.ingest.stack_jobs import StackJobs
from jobs.ingest.writers import WORKFLOW, WRITERS
from jobs.intake import queue
from jobs.runtime.log import log, step

POLL_SECONDS = 20  # the longest that SQS lets a request wait
# `maintain` and `erase` rewrite files and start again if a merge has marked rows in them. While one of them
# runs, rounds are as far apart as merges of the workflow are.
CALM_SECONDS = 120
REWRITERS = ("maintain", "erase")
RETRY_PAUSE = timedelta(minutes=1)  # until a batch that failed is tried again
# A new process now and then frees what a long one accumulates. Less than the job's Timeout, which ends a run
# that hangs; that is less than the seven days after which Glue itself would restart a streaming job.
MOST_SECONDS = 24 * 3600


def follow(act: Callable[[str], object], is_due: Callable[[], bool], is_over: Callable[[], bool]) -> int:
    """Act, with the number of the round, whenever work is due, until the run is over. Returns how often.

    `is_due` waits for a while before it says no. Whatever `act` raises ends the run.
    """
    rounds = 0
    while not is_over():
        if is_due():
            rounds += 1
            act(f"{rounds:06}")
    return rounds


@dataclass(slots=True)
class Pace:
    """When the next round is due: at once for the first event after a quiet time, else after a pause."""

    context: IngestContext
    jobs: StackJobs
    seconds: float  # between the beginnings of two rounds
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    begun: float = field(default=float("-inf"))  # when the last round began

    def is_due(self) -> bool:
        """Whether there is work, now that the pause is over. Waits some `POLL_SECONDS` for both at most."""
        if (wait := self.begun + self.seconds - self.clock()) > 0:
            self.sleep(min(wait, POLL_SECONDS))
            if wait > POLL_SECONDS:
                return False
        if not self._has_work():
            return False
        if self.clock() < self.begun + CALM_SECONDS and self.jobs.is_any_active(*REWRITERS):
            self.sleep(min(POLL_SECONDS, self.begun + CALM_SECONDS - self.clock()))
            return False
        self.begun = self.clock()
        return True

    def _has_work(self) -> bool:
        """Whether open batches can go on, or a message comes within `POLL_SECONDS`."""
        batches = self.context.batches
        if batches.begun() and (any(batches.to_check()) or batches.to_merge()):
            return True
        return queue.has_message(self.context.sqs, self.context.queue_url, POLL_SECONDS)


@dataclass(slots=True)
class Run:
    """A run of the job, which ends between two rounds."""

    jobs: StackJobs
    clock: Callable[[], float] = time.monotonic
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.clock()

    def is_over(self) -> bool:
        """Whether the job was deployed again, or the process is old. A schedule starts the next run."""
        if self.clock() - self.begun > MOST_SECONDS:
            log("follow: ends, for a new process")
            return True
        if self.jobs.is_outdated():
            log("follow: ends, because the job was deployed again")
            return True
        return False


def await_workflow(jobs: StackJobs, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when no run of `check` and `merge` is active: one may have begun in the other mode."""
    with step("follow: no other writer"):
        while jobs.is_any_active(*WRITERS[WORKFLOW]):
            sleep(POLL_SECONDS)
