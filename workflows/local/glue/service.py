"""The local Glue at work: requests, events and time go in, scripts are run by a runner.

One lock around the state machine; each call in is short, since running a script is left to the runner,
which reports back from a thread of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Protocol

from workflows.local.glue import api
from workflows.local.glue.runs import Kill, Launch, Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.local.glue.api import Answer, Request
    from workflows.local.glue.engine import Glue
    from workflows.local.glue.runs import JobRun

log = logging.getLogger("glueline.glue")


class Runner(Protocol):
    """What runs scripts. Neither call waits."""

    def launch(self, run: JobRun) -> None:
        """Run a script as soon as there is room."""

    def kill(self, run_id: str) -> None:
        """End a run, wherever it is."""


class GlueService:
    """Lets many threads share one Glue, and makes time pass for it."""

    def __init__(self, glue: Glue, runner: Runner, clock: Callable[[], float] = time.time) -> None:
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
        """Hand an EventBridge event to a workflow."""
        with self._changed:
            self._glue.receive_event(workflow, event_id, self._clock())
            self._carry_out()

    def running(self, run_id: str) -> None:
        """A script has begun."""
        with self._changed:
            self._glue.job_running(run_id, self._clock())
            self._carry_out()

    def ended(self, run_id: str, error: str | None) -> None:
        """A script has ended."""
        with self._changed:
            self._glue.job_ended(run_id, error, self._clock())
            self._carry_out()

    def keep_time(self) -> None:
        """Make time pass, for ever: start it on a thread of its own."""
        with self._changed:
            while True:
                self._glue.tick(self._clock())
                self._carry_out()
                wakeup = self._glue.next_wakeup()
                self._changed.wait(None if wakeup is None else max(0.0, wakeup - self._clock()))

    def _carry_out(self) -> None:
        """Do what the state machine asks for, and let the clock look again at when it has to wake up."""
        for command in self._glue.take_commands():
            match command:
                case Launch(run):
                    self._runner.launch(run)
                case Kill(run_id):
                    self._runner.kill(run_id)
                case Note(text):
                    log.info(text)
        self._changed.notify_all()
