"""The local Glue as a service: requests, events and time go to the state machine, scripts to a runner.

Ends of runs are announced to EventBridge.

One lock protects the state machine. Every call is short: the runner runs scripts on its own thread and
reports back from there.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from workflows.local.glue import api
from workflows.local.glue.api import Answer, Request
from workflows.local.glue.engine import Glue
from workflows.local.glue.job_events import Detail, state_change
from workflows.local.glue.runs import Announce, JobRun, Kill, Launch, LogLine

log = logging.getLogger("glueline.glue")


class Runner(Protocol):
    """Runs scripts. Neither call blocks."""

    def launch(self, run: JobRun) -> None:
        """Run a script after those launched before it."""

    def kill(self, run_id: str) -> None:
        """End a run, queued or running."""


class GlueService:
    """Shares one Glue among threads, and advances its time.

    It calls `announce` with the detail of each event of a run; the call must not block.
    """

    def __init__(self, glue: Glue, runner: Runner, clock: Callable[[], float] = time.time) -> None:
        self.announce: Callable[[Detail], None] = lambda detail: None
        self._glue = glue
        self._runner = runner
        self._clock = clock
        self._changed = threading.Condition()

    def call(self, operation: str, request: Request) -> Answer:
        """Answer one operation of the Glue API; raises GlueError."""
        with self._changed:
            answer = api.answer(self._glue, operation, request, self._clock())
            self._carry_out()
            return answer

    def deliver(self, workflow: str, event_id: str) -> None:
        """Give an EventBridge event to a workflow."""
        with self._changed:
            self._glue.receive_event(workflow, event_id, self._clock())
            self._carry_out()

    def running(self, run_id: str) -> None:
        """Record that a script has begun."""
        with self._changed:
            self._glue.job_running(run_id, self._clock())
            self._carry_out()

    def ended(self, run_id: str, error: str | None) -> None:
        """Record that a script has ended."""
        with self._changed:
            self._glue.job_ended(run_id, error, self._clock())
            self._carry_out()

    def deployed_again(self, job: str) -> None:
        """Record that what a job runs was deployed again, so that its streaming run ends."""
        with self._changed:
            self._glue.deploy_job_again(job, self._clock())

    def keep_time(self) -> None:
        """Advance time, without end: call it on a thread of its own."""
        with self._changed:
            while True:
                self._glue.tick(self._clock())
                self._carry_out()
                wakeup = self._glue.next_wakeup()
                self._changed.wait(None if wakeup is None else max(0.0, wakeup - self._clock()))

    def _carry_out(self) -> None:
        """Carry out the commands of the state machine, and let `keep_time` look at its next wakeup again."""
        for command in self._glue.take_commands():
            match command:
                case Launch(run):
                    self._runner.launch(run)
                case Kill(run_id):
                    self._runner.kill(run_id)
                case Announce(run):
                    if detail := state_change(run):
                        self.announce(detail)
                case LogLine(text):
                    log.info(text)
        self._changed.notify_all()
