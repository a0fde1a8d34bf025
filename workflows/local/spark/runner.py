"""Runs job scripts on the warm Spark process, and restarts the process when it ends.

One thread owns the process and handles the messages of an inbox one by one: requests of other threads, and
the output of the process. So no state is shared, and `_handle` has every case.

While a deployment holds the runner, no new work starts: a workflow run that has begun ends with the code that
it began with, and what is launched meanwhile runs after the deployment. A streaming run has no end of its
own: it is told that its job was deployed again, as it sees on AWS, and ends between two rounds.
"""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflows.local.glue.runs import JobRun, Kill, Launch
from workflows.local.spark.conf import parse_conf
from workflows.local.spark.layout import SparkLayout
from workflows.local.spark.protocol import Ended, Ready, RunRequest, report_from_json
from workflows.local.spark.state import SparkState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger("glueline.spark")


@dataclass(frozen=True, slots=True)
class _Output:
    """A line from the process, or None when it has ended."""

    process: subprocess.Popen[str]
    line: str | None


@dataclass(frozen=True, slots=True)
class _Hold:
    """Start no new work, or start it again."""

    on: bool


type _Request = Launch | Kill | _Output | _Hold


class SparkRunner:
    """Runs scripts in one process. It calls `running` and `ended` when a script begins and ends.

    With `idle_seconds`, the process is started by the first run, and ended when it has had none for so long.
    """

    def __init__(self, layout: SparkLayout, idle_seconds: float | None = None) -> None:
        self.state = SparkState("starting" if idle_seconds is None else "off")
        self.running: Callable[[str], None] = lambda run_id: None
        self.ended: Callable[[str, str | None], None] = lambda run_id, error: None
        # Of the role of a run's job, as environment variables; raises if the role may not run it.
        self.credentials: Callable[[Mapping[str, Any]], dict[str, str]] = lambda definition: {}
        # Held during a streaming run of this job: it was, or is about to be, deployed again.
        self.deployed_again: Callable[[str], None] = lambda job: None
        self._layout = layout
        self._idle_seconds = idle_seconds
        self.finishing: str | None = None  # while held: the job that a deployment waits for
        self.is_quiet = False  # held, and nothing that has begun is left
        self._is_held = False
        self._inbox: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._queued: deque[JobRun] = deque()
        self._current: JobRun | None = None
        self._process: subprocess.Popen[str] | None = None
        self._ready = False

    def launch(self, run: JobRun) -> None:
        """Run a script after those launched before it."""
        self._inbox.put(Launch(run))

    def kill(self, run_id: str) -> None:
        """Remove a run from the queue, or end it together with the process."""
        self._inbox.put(Kill(run_id))

    def hold(self) -> None:
        """Start no new work. `is_quiet` becomes true when what has begun has ended."""
        self._inbox.put(_Hold(on=True))

    def release(self) -> None:
        """Start new work again."""
        self.is_quiet = False
        self._inbox.put(_Hold(on=False))

    def close(self) -> None:
        """End the process, and with it `serve`."""
        self._inbox.put(None)

    def serve(self) -> None:
        """Keep a process and run scripts on it until closed: call it on a thread of its own."""
        if self._idle_seconds is None:
            self._start()
        while (message := self._next_message()) is not None:
            self._handle(message)
            if self._queued and self._process is None:
                self._start()
            while self._ready and self._current is None and (run := self._next()) is not None:
                self._queued.remove(run)
                self._run(run)
            self._report_quiet()
        self._end_process()

    def _next_message(self) -> _Request | None:
        """The next message. While it is waited for, a process that is idle for too long is ended."""
        is_idle = self._ready and self._current is None and not self._queued
        try:
            return self._inbox.get(timeout=self._idle_seconds if is_idle else None)
        except queue.Empty:
            self._end_process()
            self.state = SparkState("off")
            return self._inbox.get()

    def _next(self) -> JobRun | None:
        """The run to start next: the first; while held, the first that continues a workflow run."""
        return next((run for run in self._queued if run.continues_a_run or not self._is_held), None)

    def _report_quiet(self) -> None:
        begun = self._current or (self._next() if self._is_held else None)
        self.finishing = begun.job.name if begun else None
        # A run that has just ended may have launched the next, which is in the inbox then.
        self.is_quiet = self._is_held and begun is None and self._inbox.empty()

    def _handle(self, message: _Request) -> None:
        match message:
            case _Hold(on):
                self._is_held = on
                if on and self._current is not None and self._current.job.is_streaming:
                    self.deployed_again(self._current.job.name)
            case Launch(run):
                self._queued.append(run)
            case Kill(run_id) if self._current is not None and self._current.id == run_id:
                self._current = None
                self._end_process()
                self._start()
            case Kill(run_id):
                self._queued = deque(run for run in self._queued if run.id != run_id)
            case _Output(process, _) if process is not self._process:
                pass  # output of a process that was replaced
            case _Output(process, None):
                self._process_died(process)
            case _Output(_, line):
                self._handle_report(report_from_json(line or ""))

    def _handle_report(self, report: Ready | Ended) -> None:
        match report:
            case Ready(seconds):
                self._ready = True
                self.state = replace(self.state, state="ready", seconds=seconds)
                log.info("Spark is warm after %s s", seconds)
            case Ended(run_id, error) if self._current is not None and run_id == self._current.id:
                self._current = None
                self.state = replace(self.state, state="ready")
                self.ended(run_id, error)

    def _run(self, run: JobRun) -> None:
        script = self._layout.script(run)
        if not script.is_file():
            message = f"Expected the script {script} of job {run.job.name} ({run.job.script}), found no file."
            self.ended(run.id, message)
            return
        try:
            credentials = self.credentials(run.job.definition)
        except PermissionError as error:
            self.ended(run.id, str(error))
            return
        arguments = run.arguments()
        conf = parse_conf(arguments.get("--conf", ""))
        log_file = str(self._layout.job_log(run))
        request = RunRequest(run.id, str(script), arguments, conf, log_file, credentials)
        self._current = run
        self.state = replace(self.state, state="running", job=run.job.name, run_id=run.id)
        self.running(run.id)
        if self._process is not None and self._process.stdin is not None:
            # If the process has just died, the end of its output is in the inbox and ends the run.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(request.to_json() + "\n")
                self._process.stdin.flush()

    def _start(self) -> None:
        self._layout.process_log.parent.mkdir(parents=True, exist_ok=True)
        with self._layout.process_log.open("a") as output:
            process = subprocess.Popen(  # noqa: S603 -- our own module
                self._layout.command,
                cwd=self._layout.code,
                env=self._layout.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                process_group=0,  # so that it can be ended together with its JVM
            )
        self._process, self._ready = process, False
        self.state = SparkState("starting", pid=process.pid)
        threading.Thread(target=self._read, args=(process,), daemon=True, name="spark-output").start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._inbox.put(_Output(process, line))
        process.wait()
        self._inbox.put(_Output(process, None))

    def _process_died(self, process: subprocess.Popen[str]) -> None:
        """Fail the current run and start a new process.

        A process that died before it was ready is not restarted, since that would repeat without end: all
        queued runs fail, and the next run tries again.
        """
        was_ready = self._ready
        self._end_process()
        message = f"Spark died ({_cause(process.returncode)}); its log is {self._layout.process_log}"
        log.error(message)
        failed = [run for run in (self._current,) if run is not None]
        if was_ready:
            self._start()
        else:
            self.state = SparkState("failed", message=message)
            failed += self._queued
            self._queued.clear()
        self._current = None
        for run in failed:
            self.ended(run.id, message)

    def _end_process(self) -> None:
        """Kill the process and its JVM."""
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            with contextlib.suppress(ProcessLookupError):  # the whole group may have ended already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # a request that it has not read
                    process.stdin.close()


def _cause(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"
